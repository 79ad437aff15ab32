import { findProgram } from "./find_program.ts";
import type { SpawnRequest } from "./protocol.ts";
import { startFailure } from "./start_failure.ts";

/** The kernel, when it has too little memory, ends what runs here rather than the agent. */
const OOM_SCORE = "500";
/** What `execvp` looks at where the environment has no PATH. */
const DEFAULT_PATH = "/usr/local/bin:/usr/bin:/bin";

/** Starts a program in a session of its own. Throws a failure that says what is wrong with it. */
export function startProgram(
  { argv, cwd, env, stdin }: SpawnRequest,
  mark: Readonly<Record<string, string>>,
): Deno.ChildProcess {
  const [program, ...args] = argv;
  const options = {
    args,
    cwd,
    env: { ...env, ...mark },
    clearEnv: true,
    detached: true,
    stdin: stdin === "pipe" ? "piped" : "null",
    stdout: "piped",
    stderr: "piped",
  } as const;
  const path = env.PATH ?? DEFAULT_PATH;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(
      // Deno looks along the PATH of that environment, if there is one.
      env.PATH === undefined ? findProgram(program, { cwd, path })?.path ?? program : program,
      options,
    ).spawn();
  } catch (error) {
    throw startFailure(error, { program, cwd, path });
  }
  try {
    Deno.writeTextFileSync(`/proc/${child.pid}/oom_score_adj`, OOM_SCORE);
  } catch {
    // It has ended already, or does not let itself be looked into.
  }
  return child;
}
