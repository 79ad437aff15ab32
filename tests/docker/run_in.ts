import type { ContainerIo, Program, ProgramEnd } from "../../src/runtimes/docker/container_io.ts";
import type { ProcessControl } from "../../src/runtimes/runtime.ts";
import { within } from "../testutil/within.ts";

/** How a program in a container ended and what it wrote. */
export interface RunResult extends ProgramEnd {
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

/** Options of {@linkcode runIn}. */
export interface RunInOptions extends Partial<Omit<Program, "argv">> {
  readonly signal?: AbortSignal;
  /** Called with all of standard output so far, as text, whenever there is more. */
  readonly onStdout?: (text: string) => void;
  /** Called when it runs. */
  readonly started?: (control: ProcessControl) => void;
}

const RUN_MS = 60_000;

/** The PATH of programs that the suite runs. */
export const PATH = "/usr/bin:/bin";

/** Runs a program and collects what it writes. */
export async function runIn(
  io: ContainerIo,
  argv: readonly [string, ...string[]],
  options: RunInOptions = {},
): Promise<RunResult> {
  const { signal = new AbortController().signal, onStdout, started, ...program } = options;
  const pieces = { stdout: [] as Uint8Array[], stderr: [] as Uint8Array[] };
  let text = "";
  const end = await within(
    io.run({ argv, cwd: "/workspace", env: { PATH }, ...program }, {
      signal,
      started,
      output: (stream, bytes) => {
        pieces[stream].push(bytes.slice());
        if (stream === "stdout" && onStdout) onStdout(text += new TextDecoder().decode(bytes));
      },
    }),
    RUN_MS,
    argv.join(" "),
  );
  return { ...end, stdout: joined(pieces.stdout), stderr: joined(pieces.stderr) };
}

/** Runs a shell script. */
export function shellIn(
  io: ContainerIo,
  script: string,
  options: RunInOptions = {},
): Promise<RunResult> {
  return runIn(io, ["sh", "-c", script], options);
}

/** Bytes as text. */
export function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Text as bytes. */
export function bytesOf(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
