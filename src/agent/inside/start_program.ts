import { findProgram } from "./find_program.ts";
import type { SpawnRequest } from "./protocol.ts";
import { startFailure } from "./start_failure.ts";

/** The kernel, when it has too little memory, ends what runs here rather than the agent. */
const OOM_SCORE = "500";
/** What `execvp` looks at where the environment has no PATH. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** How {@linkcode startProgram} starts a program. */
export interface StartProgramOptions {
  /** Variables beside those that were asked for. */
  readonly mark: Readonly<Record<string, string>>;
  /** The launcher, if there is one. */
  readonly launcher: string | undefined;
  /** The path of the terminal that is to be its streams, if it has one; takes the launcher. */
  readonly terminal?: string | undefined;
}

/** Starts a program in a session of its own. Throws a failure that says what is wrong with it. */
export function startProgram(
  { argv, cwd, env, stdin }: SpawnRequest,
  { mark, launcher, terminal }: StartProgramOptions,
): Deno.ChildProcess {
  const [program, ...args] = argv;
  const place = { cwd, path: env.PATH ?? DEFAULT_PATH };
  const found = findProgram(program, place);
  if (found === undefined || found.problem !== undefined) {
    throw startFailure(undefined, { program, ...place });
  }
  try {
    const child = new Deno.Command(launcher ?? found.path, {
      args: launcher === undefined ? args : [terminal ?? "", found.path, program, ...args],
      cwd,
      env: { ...env, ...mark },
      clearEnv: true,
      // The launcher begins a session itself. It costs a copy of this process where it is asked of Deno.
      detached: launcher === undefined,
      stdin: stdin === "pipe" && terminal === undefined ? "piped" : "null",
      stdout: terminal === undefined ? "piped" : "null",
      // Of a program with a terminal it is the launcher's alone.
      stderr: "piped",
    }).spawn();
    if (launcher === undefined) exposeToOom(child.pid);
    return child;
  } catch (error) {
    throw startFailure(error, { program, ...place });
  }
}

/** Says why a program that was found and given to the launcher did not start. */
export function launchFailure(errno: number | null, { argv, cwd, env }: SpawnRequest): Error {
  return startFailure(new Error(`Cannot start it (os error ${errno})`), {
    program: argv[0],
    cwd,
    path: env.PATH ?? DEFAULT_PATH,
  });
}

function exposeToOom(pid: number): void {
  try {
    Deno.writeTextFileSync(`/proc/${pid}/oom_score_adj`, OOM_SCORE);
  } catch {
    // It has ended already, or does not let itself be looked into.
  }
}
