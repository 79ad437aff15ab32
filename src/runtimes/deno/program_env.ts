import type { Issue } from "../../errors.ts";

// What the dynamic loader and Deno read before any permission holds: with these a program could load
// other code than it was started with, or ask another judge for its permissions.
const RESERVED_REGEXP =
  /^(?:LD_|DYLD_|DENO_|GLIBC_|GCONV_|MALLOC_|NODE_OPTIONS$|NODE_EXTRA_CA_CERTS$|NODE_PATH$)/;

/** Finds the variables that may not be given to a child that runs Deno. */
export function checkProgramEnv(env: Readonly<Record<string, string>>): Issue[] {
  return Object.keys(env).filter((name) => RESERVED_REGEXP.test(name)).map((name) => ({
    path: ["env", name],
    message: `Variable "${name}" is reserved for the runtime, use another name`,
  }));
}
