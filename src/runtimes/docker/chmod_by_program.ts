import { CommandError } from "../../errors.ts";
import { fileError } from "../file_error.ts";
import { StderrTail } from "../stderr_tail.ts";
import { type ContainerIo, ProgramNotStarted } from "./container_io.ts";
import { errorCodeOf } from "./engine_errno.ts";
import { modeText } from "./mode_text.ts";

/** Runs a program in the container; see {@linkcode ContainerIo.run}. */
export type RunProgram = ContainerIo["run"];

/** What {@linkcode chmodByProgram} sets. */
export interface ChmodTarget {
  /** The client's words for the path, for errors. */
  readonly path: string;
  /** The absolute path. */
  readonly target: string;
  readonly mode: number;
}

const ENV = { PATH: "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", LC_ALL: "C" };

/** Sets permission bits by the container's own `chmod`, as its user. Throws a `CommandError`. */
export async function chmodByProgram(
  run: RunProgram,
  { path, target, mode }: ChmodTarget,
): Promise<void> {
  const tail = new StderrTail();
  const argv = ["chmod", modeText(mode), target] as const;
  const output = tail.before(() => {});
  const { signal } = new AbortController();
  let code: number | null;
  try {
    code = (await run({ argv, cwd: "/", env: ENV }, { output, signal })).code;
  } catch (error) {
    if (!(error instanceof ProgramNotStarted)) throw error;
    throw new CommandError(`Not possible: ${path}: ${error.message}`, { cause: error });
  }
  if (code === 0) return;
  const cause = new Error(tail.text.trim());
  throw fileError(errorCodeOf(tail.text), path, { cause }) ??
    new CommandError(`Not possible: ${path}: its permissions could not be set`, { cause });
}
