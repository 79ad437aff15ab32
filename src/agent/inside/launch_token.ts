/** What the launcher writes to standard error when it cannot start the program; its exit code is the errno. */
export const LAUNCH_TOKEN = "\0codebeaker: no\n";
