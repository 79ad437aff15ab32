import type { ExitReport, TerminalSize } from "./inside/protocol.ts";

/** A file that is written before a program starts. */
export interface AgentScript {
  /** Absolute path. */
  readonly path: string;
  readonly content: string | Uint8Array;
}

/** A program to run where the agent is. */
export interface AgentProcess {
  /** The program, by name or path, and its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** Absolute path of the directory it starts in. */
  readonly cwd: string;
  /** All of its environment; the agent adds one variable, by which it finds what the program starts. */
  readonly env: Readonly<Record<string, string>>;
  /** What it reads from its standard input; without it, end-of-file. */
  readonly stdin?: string | Uint8Array | undefined;
  /** Keeps its standard input open for {@linkcode AgentProcessHandle.write}. @default {false} */
  readonly keepStdin?: boolean | undefined;
  /** Written before it starts; if that fails it does not start. */
  readonly files?: readonly AgentScript[] | undefined;
  /** Absolute paths of files that are removed when it has ended; missing ones are fine. */
  readonly remove?: readonly string[] | undefined;
  /**
   * For what runs in the background: it is over not when the process ends, with what that has left behind
   * killed, but when all of its output is at its end too, or when it is stopped. @default {false}
   */
  readonly keep?: boolean | undefined;
  /** Gives it a terminal of this size, which is its standard input and, as `stdout`, all of its output. */
  readonly terminal?: TerminalSize | undefined;
}

/** How a program ended. */
export type AgentExit = ExitReport;

/** Options of `AgentLink.start`. */
export interface StartOptions {
  /** Takes every byte the program writes, at once and without blocking. The bytes are its to keep. */
  readonly output: (stream: "stdout" | "stderr", bytes: Uint8Array) => void;
  /** Told the id of the process where the agent is. */
  readonly started?: ((pid: number) => void) | undefined;
}

/** Options of `AgentLink.run`. */
export interface RunProcessOptions extends StartOptions {
  /** Ends the program with everything it started; the run then resolves with `stopped: true`. */
  readonly signal: AbortSignal;
  /** How long what was asked to end has before it is killed. @default {1000} */
  readonly graceMs?: number | undefined;
}
