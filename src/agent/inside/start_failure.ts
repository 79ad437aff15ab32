import { findProgram } from "./find_program.ts";
import { RequestFailure, systemCode } from "./request_failure.ts";

/** What was to be started. */
export interface StartAttempt {
  readonly program: string;
  readonly cwd: string;
  readonly path: string;
}

/** Says why a program did not start. The reasons are looked for only now: most programs start. */
export function startFailure(error: unknown, attempt: StartAttempt): RequestFailure {
  const { program, cwd } = attempt;
  const options = { cause: error };
  const code = systemCode(error);
  if (code === "EAGAIN") {
    return new RequestFailure("PROCESS_LIMIT", "No more processes are allowed", options);
  }
  const directory = directoryProblem(cwd);
  if (directory !== undefined) {
    return new RequestFailure(directory, `Cannot start in ${cwd}`, { ...options, path: cwd });
  }
  const found = findProgram(program, attempt);
  if (found === undefined) {
    return new RequestFailure("PROGRAM_NOT_FOUND", `There is no program ${program}`, options);
  }
  const { path, problem } = found;
  if (problem === "directory") {
    return new RequestFailure("EISDIR", `${path} is a directory`, { ...options, path });
  }
  if (problem !== undefined || code === "EACCES" || code === "EPERM") {
    return new RequestFailure("PERMISSION", `${path} may not be run`, { ...options, path });
  }
  if (code === "ENOENT") {
    const message = `The interpreter that ${path} asks for is missing`;
    return new RequestFailure("INTERPRETER_NOT_FOUND", message, { ...options, path });
  }
  const message = error instanceof Error ? error.message : String(error);
  return new RequestFailure(code ?? "INTERNAL", message, options);
}

function directoryProblem(
  cwd: string,
): "CWD_NOT_FOUND" | "CWD_NOT_DIRECTORY" | "PERMISSION" | undefined {
  try {
    // A directory that may not be entered fails at what is in it.
    Deno.statSync(`${cwd}/.`);
    return undefined;
  } catch (error) {
    const code = systemCode(error);
    if (code === "ENOENT") return "CWD_NOT_FOUND";
    return code === "EACCES" ? "PERMISSION" : "CWD_NOT_DIRECTORY";
  }
}
