import type { FileEventSink, WatchSpec } from "../file_watch.ts";
import type { TerminalSize } from "../../protocol/terminal.ts";
import type { RunOptions, SandboxFiles } from "../runtime.ts";

/** A program to run in a container. */
export interface Program {
  /** The program and its arguments. */
  readonly argv: readonly [string, ...string[]];
  /** Absolute path of the directory it starts in. */
  readonly cwd: string;
  /** All of its environment. */
  readonly env: Readonly<Record<string, string>>;
  /** Its standard input, or the first of it; without it the program reads end-of-file. */
  readonly stdin?: string | undefined;
  /** Keeps standard input open. @default {false} */
  readonly keepStdin?: boolean | undefined;
  /** Lets it go on when other programs end and what they left is ended. @default {false} */
  readonly background?: boolean | undefined;
  /** Gives it a terminal of this size. */
  readonly terminal?: TerminalSize | undefined;
  /** A file that is written before the program starts. */
  readonly script?: { readonly path: string; readonly content: string } | undefined;
  /** Files that are removed when it has ended; missing ones are fine. */
  readonly remove?: readonly string[] | undefined;
}

/** How a program in a container ended. */
export interface ProgramEnd {
  /** The exit code, or null if a signal ended it. */
  readonly code: number | null;
  /** Such as `SIGSEGV`, or null. */
  readonly signal: string | null;
  /** Whether we ended it. */
  readonly stopped: boolean;
  /**
   * Whether no other program of the container ran meanwhile; the counters below are the container's.
   *
   * @default {true}
   */
  readonly alone?: boolean | undefined;
  /** How many processes the kernel killed meanwhile for want of memory. */
  readonly oomKills: number;
  /** How often a process could not be made meanwhile because of the limit. */
  readonly pidsRefused: number;
  /** Milliseconds of CPU time, where they could be told. */
  readonly cpuMs?: number | undefined;
  /** The most memory, where it could be told. */
  readonly memoryPeakBytes?: number | undefined;
}

/** Why a program was not started, for {@linkcode ProgramNotStarted}. */
export type NotStartedReason =
  | "program_not_found"
  | "directory_not_found"
  | "not_a_directory"
  | "permission_denied"
  | "process_limit"
  | "too_long"
  | "other";

/** A program that could not be started. */
export class ProgramNotStarted extends Error {
  override readonly name = "ProgramNotStarted";
  /** What stood in the way. */
  readonly reason: NotStartedReason;

  /** Makes the error of a reason, with the system's words. */
  constructor(reason: NotStartedReason, message: string, options?: ErrorOptions) {
    super(message, options);
    this.reason = reason;
  }
}

/** What drives the container was lost: the agent was ended, or the engine went away. */
export class ContainerIoLost extends Error {
  override readonly name = "ContainerIoLost";
}

/** Nothing was done before what drives the container was lost: ask the next one. */
export class ContainerIoRenewed extends ContainerIoLost {}

/** A directory that is watched by what drives its container, until that is lost or it is disposed. */
export interface IoWatch extends Disposable {
  /** Directories that should be watched and cannot be. */
  readonly notWatched: readonly string[];
  /**
   * Resolves when the directory is gone. Rejects with {@linkcode ContainerIoLost}, or with what else ended
   * it; nobody has to wait for it.
   */
  readonly ended: Promise<void>;
}

/**
 * Runs programs in one container and moves its files: through the agent, or through the engine's own
 * endpoints where the agent cannot run. Both give the same results.
 */
export interface ContainerIo extends AsyncDisposable {
  readonly kind: "agent" | "engine";
  readonly files: SandboxFiles;
  /** Resolves when it is of no use any more; never rejects. */
  readonly lost: Promise<void>;
  /**
   * Runs a program to its end, with everything it started. Throws {@linkcode ProgramNotStarted} or
   * {@linkcode ContainerIoLost}.
   */
  run(program: Program, options: RunOptions): Promise<ProgramEnd>;
  /** Watches a directory. Throws a `SandboxError`, or {@linkcode ContainerIoLost}. */
  watch(spec: WatchSpec, onEvents: FileEventSink): Promise<IoWatch>;
}
