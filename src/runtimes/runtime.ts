import type { CommandError } from "../errors.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import type { Permissions } from "../protocol/permissions.ts";
import type { Limit } from "../protocol/execution.ts";
import type { Entry } from "../protocol/commands.ts";
import type { FileEventSink, SandboxWatch, WatchSpec } from "./file_watch.ts";
import type { FileTransfers } from "./file_transfer.ts";
import type { TerminalSize } from "../protocol/terminal.ts";

/** What a session asks of its sandbox. Validated by the contract; the runtime checks it against its policy. */
export interface SandboxSpec {
  /** The session's language. */
  readonly language: Language;
  /** Memory of the code and all it starts, in MiB. */
  readonly memoryLimitMB: number;
  /** Total size of the files, in MiB. */
  readonly diskLimitMB?: number | undefined;
  /** Processes and threads at the same time. */
  readonly pidsLimit?: number | undefined;
  /** Processors, may be a fraction. */
  readonly cpus?: number | undefined;
  /** Relative weight of the CPU. */
  readonly cpuShares?: number | undefined;
  /** Whether a container may reach the network. */
  readonly network?: boolean | undefined;
  /** Image of a container. */
  readonly dockerImage?: string | undefined;
  /** What the code of a Deno session may do. */
  readonly permissions?: Permissions | undefined;
  /** Environment variables of every command. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Told how the making goes on where it takes long. */
  readonly onProgress?: ((progress: MakingProgress) => void) | undefined;
}

/** A step of making a sandbox that takes long, such as pulling an image. */
export interface MakingProgress {
  /** The image that is pulled. */
  readonly image: string;
  /** What is being done, such as `Downloading`. */
  readonly status: string;
  /** The layer it is about. */
  readonly layer?: string | undefined;
  /** Bytes so far, and in all. */
  readonly current?: number | undefined;
  readonly total?: number | undefined;
}

/** What is shared by both kinds of program that a sandbox runs. */
interface ProgramSpec {
  /** Arguments of the program. */
  readonly args: readonly string[];
  /** Environment variables of this run only. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Its standard input, or the first of it; without it the program reads end-of-file. */
  readonly stdin?: string | undefined;
  /** Keeps standard input open for {@linkcode ProcessControl.write}. @default {false} */
  readonly keepStdin?: boolean | undefined;
  /** Lets it go on when other programs end and what they left is ended. @default {false} */
  readonly background?: boolean | undefined;
}

/** What a signal is sent to. */
export type SignalTarget = "process" | "group";

/** A program that runs, in the hands of whoever started it. All of it does nothing once it has ended. */
export interface ProcessControl {
  /** Its id, as the sandbox sees it; undefined where that cannot be told. */
  readonly pid: number | undefined;
  /** Writes to its standard input; resolves when there is room for more. What it never reads is dropped. */
  write(bytes: Uint8Array): Promise<void>;
  /** Ends its standard input after what was written. */
  closeStdin(): Promise<void>;
  /** Signals it, or its process group. Throws a `CommandError` where the sandbox cannot. */
  signal(name: Deno.Signal, target: SignalTarget): Promise<void>;
  /** Changes the size of its terminal. */
  resize(size: TerminalSize): Promise<void>;
}

/** Code to run in a language. */
export interface CodeSpec extends ProgramSpec {
  readonly kind: "code";
  /** The source text. */
  readonly code: string;
  /** Its language; always one that the sandbox can run. */
  readonly language: Language;
}

/** A program to start by its name or path. */
export interface ShellSpec extends ProgramSpec {
  readonly kind: "shell";
  /** Name on the PATH, or a path. */
  readonly commandName: string;
  /** Where it starts, as the code sees it. */
  readonly workingDirectory: string;
  /**
   * Gives it a terminal of this size that controls its session. What it writes is all `stdout` then, and
   * the end of its input is what ends it at a terminal. A sandbox that has none throws a `SandboxError` of
   * code `not_supported`.
   */
  readonly terminal?: TerminalSize | undefined;
  /**
   * The address of what the program runs, if that is a module of ours for Deno. A sandbox whose code has
   * permissions runs the module with those, and takes the program for nothing else.
   */
  readonly module?: string | undefined;
  /**
   * Names of packages from npm that the program would install. A sandbox that has no such program installs
   * them itself, and takes the program for nothing else.
   */
  readonly packages?: readonly string[] | undefined;
}

/** One run of a program in a sandbox. */
export type RunSpec = CodeSpec | ShellSpec;

/** Takes what a program writes; the bytes are the writer's again when it returns. */
export type OutputSink = (stream: "stdout" | "stderr", bytes: Uint8Array) => void;

/** Options of {@linkcode Sandbox.run}. */
export interface RunOptions {
  /** Takes every byte the program writes, at once and without blocking. */
  readonly output: OutputSink;
  /** Ends the run with every process it started; the run then resolves with cause `stopped`. */
  readonly signal: AbortSignal;
  /** Called once when the program runs; for one that does not start it is never called. */
  readonly started?: ((control: ProcessControl) => void) | undefined;
}

/** How a run ended. */
export interface RunOutcome {
  /**
   * `exited` and `signaled` are the program's own endings, `stopped` is the abort signal's; the others
   * name what struck.
   */
  readonly cause:
    | "exited"
    | "signaled"
    | "stopped"
    | "memory_limit"
    | "process_limit"
    | "disk_limit"
    | "cpu_limit"
    | "compile_error"
    | "not_started"
    | "session_lost";
  /** The exit code, or null if the program did not end by exiting. */
  readonly exitCode: number | null;
  /** The signal that ended it, such as `SIGSEGV`. */
  readonly signal?: string | undefined;
  /** A sentence for the client, where the program itself could not write one. */
  readonly message?: string | undefined;
  /** The limit that struck. */
  readonly limit?: Limit | undefined;
  /** CPU time, where it was measured. */
  readonly cpuMs?: number | undefined;
  /** The most memory used, where it was measured. */
  readonly memoryPeakBytes?: number | undefined;
  /** Which step of a compiled language ended last. */
  readonly stage?: "compile" | "run" | undefined;
}

/** Options of {@linkcode SandboxFiles.write}. */
export interface WriteOptions {
  /** Adds to the end instead of replacing. @default {false} */
  readonly append?: boolean;
  /** Cancels what has not begun. */
  readonly signal?: AbortSignal;
}

/** Options of {@linkcode SandboxFiles.read}. */
export interface ReadOptions {
  /** First byte. @default {0} */
  readonly offset?: number | undefined;
  /** Number of bytes; by default to the end. */
  readonly length?: number | undefined;
  /** Cancels what has not begun. */
  readonly signal?: AbortSignal;
}

/** A file, or a range of it. */
export interface FileContent {
  readonly content: Uint8Array;
  /** Bytes of the whole file. */
  readonly size: number;
}

/**
 * The files of a sandbox. Paths are the client's own words: absolute ones start with `/workspace`,
 * relative ones start there. Whatever a client may cause (a missing file, a directory in the way, a path
 * that leads outside) throws a `CommandError` with the path as asked; too much data throws a
 * `SandboxError` of code `too_large`.
 */
export interface SandboxFiles extends FileTransfers {
  /** Writes a file, making missing parents; readers see the old content or the new, never half. */
  write(path: string, content: Uint8Array, options?: WriteOptions): Promise<void>;
  /** Reads a file or a range of it; `size` is the whole file's. */
  read(path: string, options?: ReadOptions): Promise<FileContent>;
  /**
   * Reads several files that are small together, at a lower cost than one by one where each costs much;
   * what cannot be read has its error in its place.
   */
  readMany(
    paths: readonly string[],
    options?: ReadOptions,
  ): Promise<(FileContent | CommandError)[]>;
  /** Makes a directory and its missing parents; it may exist already. */
  createDirectory(path: string): Promise<void>;
  /** Copies a regular file and returns its size in bytes. */
  copy(source: string, destination: string): Promise<number>;
  /** Moves or renames. */
  move(source: string, destination: string): Promise<void>;
  /** Removes a file, or a directory (with what is in it, if `recursive`). */
  remove(path: string, recursive: boolean): Promise<void>;
  /** Sets the permission bits of a file or directory, those of 0o777; a symlink is followed. */
  chmod(path: string, mode: number): Promise<void>;
  /** Lists a directory, sorted by name. */
  list(path: string): Promise<Entry[]>;
  /** Lists several directories; what cannot be listed has its error in its place. */
  listMany(paths: readonly string[]): Promise<(Entry[] | CommandError)[]>;
  /** Tells what a path is, without following a symlink at its end. */
  info(path: string): Promise<Entry>;
}

/** Why a sandbox was lost though nobody closed it. */
export interface SandboxLoss {
  readonly reason: "runtime_failure" | "limit_exceeded";
  /** A sentence for the client. */
  readonly message: string;
}

/** A place where one session's code runs. Disposing ends everything in it and removes its files. */
export interface Sandbox extends AsyncDisposable {
  /** Public id: the container's in Docker, the sandbox's own in Deno. */
  readonly id: string;
  /** What {@linkcode Runtime.adopt} finds it again by; undefined if it ends with the server. */
  readonly handle: string | undefined;
  /** What `session.get` tells of it: what drives it, and what is peculiar to its runtime. */
  readonly facts: Readonly<Record<string, string>>;
  /** Its files. */
  readonly files: SandboxFiles;
  /** Resolves if the sandbox dies by itself; never rejects. */
  readonly lost: Promise<SandboxLoss>;
  /**
   * Runs one program to its end: exit seen and both streams at their end. Several may run at once.
   * Throws `InvalidParamsError` for what the sandbox's policy refuses.
   */
  run(spec: RunSpec, options: RunOptions): Promise<RunOutcome>;
  /**
   * Whether something in it listens on a TCP port. Throws a `CommandError` where that cannot be told.
   */
  isListening(port: number, signal: AbortSignal): Promise<boolean>;
  /**
   * Watches a directory, from the moment on at which it resolves. Throws `InvalidParamsError` for what is no
   * directory, and a `SandboxError` of code `watch_limit_reached` or `not_supported`.
   */
  watch(spec: WatchSpec, onEvents: FileEventSink): Promise<SandboxWatch>;
  /** Languages that `run` takes as code. */
  readonly languages: ReadonlySet<Language>;
  /** Tells the sandbox that its session has gone quiet, so that it gives back what it keeps warm. */
  rest(): Promise<void>;
  /**
   * Ends its use here but leaves it as it is for the next server to adopt, which then owns it. One without
   * a handle is disposed instead, because nobody could find it again.
   */
  release(): Promise<void>;
}

/** What a runtime says of itself in `runtime.list`. */
export interface RuntimeStatus {
  readonly name: RuntimeName;
  readonly available: boolean;
  /** If it is not available: what is missing and how to get it. */
  readonly reason?: string | undefined;
  /** The layers between the code and the host, outermost last. */
  readonly isolation: string[];
  /** Milliseconds to start what runs a program, as measured when the server started. */
  readonly startupMs?: number | undefined;
  /** How each limit is enforced: `enforced (cgroup)`, `best effort (…)`, `unavailable`. */
  readonly limits: Record<string, string>;
  /** Anything else, such as versions and pool sizes. */
  readonly details: Record<string, unknown>;
}

/** How a runtime serves a language. */
export interface LanguageSupport {
  /** Whether a session of it can be made now. */
  readonly ready: boolean;
  /** The image of its sessions, where they have one. */
  readonly image?: string | undefined;
  /** The version of what runs its code, where it is known. */
  readonly version?: string | undefined;
}

/** Makes sandboxes of one kind. */
export interface Runtime extends AsyncDisposable {
  readonly name: RuntimeName;
  /** Languages whose sessions it can serve. */
  readonly languages: ReadonlySet<Language>;
  /** What it is and can do now. */
  status(): Promise<RuntimeStatus>;
  /** How it serves one of its languages now. */
  support(language: Language): Promise<LanguageSupport>;
  /**
   * Makes a sandbox. Throws `InvalidParamsError` for what the server's policy refuses and a
   * `SandboxError` of code `runtime_unavailable` if it cannot make any.
   */
  createSandbox(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox>;
  /**
   * Finds a sandbox again that a server which is gone had made with this spec, by its handle; undefined
   * if there is none any more. Throws a `SandboxError` of code `runtime_unavailable` if that cannot be
   * told now.
   */
  adopt(handle: string, spec: SandboxSpec): Promise<Sandbox | undefined>;
  /** Removes whatever servers with this data directory left behind and nobody adopted. */
  sweep(): Promise<void>;
}
