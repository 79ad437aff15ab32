/** What the JSON in frames says, in both directions. */

/** Changes with everything that one side of another version would not understand. */
export const PROTOCOL_VERSION = 2;

/** Bytes of a read that are sent without being asked for; each `credit` allows more. */
export const READ_WINDOW_BYTES = 1024 * 1024;
/** Bytes of standard input that are sent before the program has read any; each `credit` allows more. */
export const STDIN_WINDOW_BYTES = 256 * 1024;
/** The most entries of a directory that are listed. */
export const MAX_ENTRIES = 100_000;
/** The length in which content is cut into frames. */
export const CHUNK_BYTES = 64 * 1024;

/** Files of the control group that the agent found. */
export interface AgentCounters {
  readonly oomKills: boolean;
  readonly pidsMax: boolean;
  readonly cpu: boolean;
  readonly memoryPeak: boolean;
}

/** The first thing that an agent says. */
export interface AgentReady {
  readonly protocol: number;
  readonly pid: number;
  readonly uid: number;
  /** Whether it may end every process of its user. */
  readonly sole: boolean;
  /** Whether the kernel keeps other processes of its user out of its own. */
  readonly shielded: boolean;
  /** Whether it has a launcher; without one, starting a program takes about a millisecond more. */
  readonly launcher: boolean;
  readonly counters: AgentCounters;
}

/** Starts a program. `data` is its standard input, `end` the end of it. */
export interface SpawnRequest {
  readonly op: "spawn";
  readonly argv: readonly [string, ...string[]];
  readonly cwd: string;
  /** All of its environment but the mark. */
  readonly env: Readonly<Record<string, string>>;
  readonly stdin: "none" | "pipe";
  /** Requests that must have succeeded before. */
  readonly after?: readonly number[];
  /** Files that are removed when it has ended; missing ones are fine. */
  readonly remove?: readonly string[];
  /** Lets what it has started go on when the process itself has ended, as long as that writes. */
  readonly keep?: boolean;
  /** Gives it a terminal of this size, which is its input and all of its output. */
  readonly terminal?: TerminalSize;
}

/** How many characters a terminal shows. */
export interface TerminalSize {
  readonly cols: number;
  readonly rows: number;
}

/** Writes a file; `data` is its content, `end` the end of it. */
export interface WriteRequest {
  readonly op: "write";
  readonly path: string;
  readonly append?: boolean;
  /** Permissions; by default those of the file that is replaced. */
  readonly mode?: number;
  /** Milliseconds since 1970; by default now. */
  readonly modifiedAt?: number;
  /** Whether a symlink at the end is followed, or replaced. @default {true} */
  readonly follow?: boolean;
  /** The version that is replaced, null for none; another one is refused with `CHANGED`. */
  readonly expected?: string | null;
}

/** Reads a file or a range of it. */
export interface ReadRequest {
  readonly op: "read";
  readonly path: string;
  readonly offset?: number;
  readonly length?: number;
  readonly maxBytes: number;
  /** Whether a symlink at the end is followed, or refused. @default {true} */
  readonly follow?: boolean;
}

/** Sets what is given of a file or directory that is no symlink. */
export interface AdjustRequest {
  readonly op: "adjust";
  readonly path: string;
  readonly mode?: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt?: number;
}

/** Makes a symlink in place of any file that is there. */
export interface LinkRequest {
  readonly op: "link";
  readonly path: string;
  readonly target: string;
}

/** Copies a regular file. */
export interface CopyRequest {
  readonly op: "copy";
  readonly source: string;
  readonly destination: string;
  readonly maxBytes?: number;
}

/** Moves or renames. */
export interface MoveRequest {
  readonly op: "move";
  readonly source: string;
  readonly destination: string;
}

/** Removes a file or a directory. */
export interface RemoveRequest {
  readonly op: "remove";
  readonly path: string;
  readonly recursive: boolean;
}

/** Sets the permission bits of a file or directory; a symlink is followed. */
export interface ChmodRequest {
  readonly op: "chmod";
  readonly path: string;
  /** Of 0o777. */
  readonly mode: number;
}

/**
 * Watches a directory until it is cancelled. The first answer is a {@linkcode WatchReady}; each `data` is a
 * {@linkcode WatchBatch}; the `end` says that the directory is gone.
 */
export interface WatchRequest extends WatchOptions {
  readonly op: "watch";
  /** The absolute path of the workspace. */
  readonly workspace: string;
}

/** What is watched. */
export interface WatchOptions {
  /** The names from the workspace down to the directory; none of them may be a symlink. */
  readonly segments: readonly string[];
  /** Whether what is below directories in it is watched, too. */
  readonly recursive: boolean;
  /** Patterns of what is left out, see `excludedBy`. */
  readonly exclude: readonly string[];
  /** The most directories that are watched. */
  readonly maxDirectories: number;
}

/** Something that happened to a file or a directory. */
export interface WatchEvent {
  readonly kind: "created" | "modified" | "removed" | "renamed";
  /** From the top of what is watched on; empty for the top itself. */
  readonly path: string;
  readonly type: "file" | "directory";
  /** What was renamed was there before. */
  readonly from?: string;
}

/** That a directory is watched from now on. */
export interface WatchReady {
  readonly directories: number;
  /** Directories that should be watched and cannot be. */
  readonly notWatched: readonly string[];
}

/** What happened in a short time. */
export interface WatchBatch {
  readonly events: readonly WatchEvent[];
  /** Whether something is missing: only a look tells what is there now. */
  readonly overflow: boolean;
  /** Directories that should be watched and cannot be. */
  readonly notWatched: readonly string[];
}

/** What needs nothing but a path. */
export interface PathRequest {
  readonly op: "mkdir" | "list" | "scan" | "stat";
  readonly path: string;
}

/** Everything about files. */
export type FileRequest =
  | WriteRequest
  | ReadRequest
  | CopyRequest
  | MoveRequest
  | RemoveRequest
  | ChmodRequest
  | WatchRequest
  | AdjustRequest
  | LinkRequest
  | PathRequest;

/** Asks whether the agent still answers. */
export interface PingRequest {
  readonly op: "ping";
}

/** Everything that can be asked of an agent. */
export type AgentRequest = SpawnRequest | FileRequest | PingRequest;

/** Why a request failed: a word of ours, or the system's, such as `ENOENT`. */
export type AgentFailCode =
  /** No such program on the PATH, or at the path. */
  | "PROGRAM_NOT_FOUND"
  /** The program, or the way to it, may not be used. */
  | "PERMISSION"
  | "CWD_NOT_FOUND"
  | "CWD_NOT_DIRECTORY"
  /** No more processes are allowed. */
  | "PROCESS_LIMIT"
  /** The program's interpreter, which its first line names, is missing. */
  | "INTERPRETER_NOT_FOUND"
  /** More bytes than asked for at most; `size` says how many. */
  | "TOO_LARGE"
  /** A directory has more entries than are listed. */
  | "TOO_MANY"
  /** A pipe, a socket or a device. */
  | "NOT_REGULAR"
  /** The file is not the one that was to be replaced. */
  | "CHANGED"
  /** A directory was to be made where a file is. */
  | "OVER_FILE"
  /** Nothing can be watched here, for want of the C library. */
  | "CANNOT_WATCH"
  | "CANCELLED"
  /** There are no terminals here, or no more of them. */
  | "NO_TERMINAL"
  /** Nothing was done, and the agent ends: ask the next one. */
  | "RENEW"
  /** The request is none that this agent knows. */
  | "UNKNOWN"
  /** The agent itself is at fault. */
  | "INTERNAL"
  | `E${string}`;

/** Why a request failed. */
export interface FailReport {
  readonly code: AgentFailCode;
  readonly message: string;
  /** Which of the request's paths is at fault. */
  readonly path?: string;
  /** For `TOO_LARGE`: the bytes that were asked for. */
  readonly size?: number;
}

/** How a process ended. */
export interface ExitReport {
  /** Null if a signal ended it, or if it never started. */
  readonly code: number | null;
  /** Such as `SIGSEGV`. */
  readonly signal: string | null;
  /** Whether it was told to stop before it had ended. */
  readonly stopped: boolean;
  /** How many processes the kernel killed meanwhile for want of memory. */
  readonly oomKills: number;
  /** How often a process could not be made meanwhile because of the limit. */
  readonly pidsMax: number;
  /** Whether no other process of the agent ran meanwhile. */
  readonly alone: boolean;
  /** CPU time of all that ran, if it ran alone. */
  readonly cpuMs?: number;
  /** The most memory there ever was, if it was used meanwhile and by this process alone. */
  readonly memoryPeakBytes?: number;
}

/** Of whom a signal is. */
export type SignalTarget = "process" | "group" | "tree";

/** One entry of a directory, or what a path is. */
export interface FileEntry {
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  readonly size: number;
  /** In the ISO 8601 format. */
  readonly modifiedAt: string;
}

/** One entry of a directory, with all that an archive keeps of it. */
export interface ScannedEntry {
  readonly name: string;
  readonly type: FileEntry["type"];
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Where a symlink leads. */
  readonly target?: string;
}

/** What is known of an open file. */
export interface FileFacts {
  /** Bytes of the whole file. */
  readonly size: number;
  readonly mode: number;
  /** Milliseconds since 1970. */
  readonly modifiedAt: number;
  /** Another one once the file was replaced or written. */
  readonly version: string;
}
