import { AgentLostError, AgentRefusal } from "../../agent/agent_error.ts";
import type { AgentLink } from "../../agent/agent_link.ts";
import type { AgentProcessHandle } from "../../agent/agent_process_handle.ts";
import {
  type FileEventSink,
  fromWorkspace,
  MAX_WATCHED_DIRECTORIES,
  watchedSegments,
  watchRefusal,
  type WatchSpec,
} from "../file_watch.ts";
import { WORKSPACE } from "../../protocol/path.ts";
import { SandboxError } from "../../errors.ts";
import type { ProcessControl, RunOptions } from "../runtime.ts";
import { AgentIoFiles } from "./agent_io_files.ts";
import {
  type ContainerIo,
  ContainerIoLost,
  ContainerIoRenewed,
  type IoWatch,
  type NotStartedReason,
  type Program,
  type ProgramEnd,
  ProgramNotStarted,
} from "./container_io.ts";

/** Settings of {@linkcode AgentIo}. */
export interface AgentIoSettings {
  /** The largest file read or written in one piece, in bytes. */
  readonly maxFileBytes: number;
}

/** Milliseconds that a stopped program has after SIGTERM. */
const GRACE_MS = 500;

const REASONS: Partial<Record<AgentRefusal["code"], NotStartedReason>> = {
  PROGRAM_NOT_FOUND: "program_not_found",
  CWD_NOT_FOUND: "directory_not_found",
  CWD_NOT_DIRECTORY: "not_a_directory",
  PERMISSION: "permission_denied",
  EACCES: "permission_denied",
  EISDIR: "permission_denied",
  INTERPRETER_NOT_FOUND: "other",
  PROCESS_LIMIT: "process_limit",
  E2BIG: "too_long",
};

/** Drives a container through the agent inside it. */
export class AgentIo implements ContainerIo {
  readonly kind = "agent";
  readonly files: AgentIoFiles;
  readonly lost: Promise<void>;
  readonly #link: AgentLink;

  /** Takes over a link. */
  constructor(link: AgentLink, settings: AgentIoSettings) {
    this.#link = link;
    this.files = new AgentIoFiles(link.files, settings.maxFileBytes);
    this.lost = link.lost.then(() => {});
  }

  /** Runs a program; see {@linkcode ContainerIo}. */
  async run(program: Program, { output, signal, started }: RunOptions): Promise<ProgramEnd> {
    const { argv, cwd, env, stdin, keepStdin, background, terminal, script, remove } = program;
    if (signal.aborted) return STOPPED;
    try {
      const process = this.#link.start({
        argv,
        cwd,
        env,
        stdin,
        keepStdin,
        keep: background,
        terminal,
        ...(script !== undefined && { files: [script] }),
        ...(remove !== undefined && { remove }),
      }, { output, started: started && ((pid) => started(control(process, pid))) });
      using _stop = onAbort(signal, () => process.stop(GRACE_MS));
      const { code, signal: ending, ...exit } = await process.ended;
      return {
        code,
        signal: ending,
        stopped: exit.stopped,
        alone: exit.alone,
        oomKills: exit.oomKills,
        pidsRefused: exit.pidsMax,
        cpuMs: exit.cpuMs,
        memoryPeakBytes: exit.memoryPeakBytes,
      };
    } catch (error) {
      throw translate(error);
    }
  }

  /** Watches a directory; see {@linkcode ContainerIo}. */
  async watch(spec: WatchSpec, onEvents: FileEventSink): Promise<IoWatch> {
    const { path, recursive, exclude } = spec;
    const segments = watchedSegments(path);
    const asked = {
      workspace: WORKSPACE,
      segments,
      recursive,
      exclude,
      maxDirectories: MAX_WATCHED_DIRECTORIES,
    };
    try {
      const watch = this.#link.watch(asked, (batch) => onEvents(fromWorkspace(segments, batch)));
      const none = { events: [], overflow: false, notWatched: (await watch.ready).notWatched };
      const ended = watch.ended.catch((error) => {
        throw translateWatch(error, path);
      });
      ended.catch(() => {});
      const { notWatched } = fromWorkspace(segments, none);
      return { notWatched, ended, [Symbol.dispose]: () => watch[Symbol.dispose]() };
    } catch (error) {
      throw translateWatch(error, path);
    }
  }

  /** Ends the agent with all that it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}

const STOPPED: ProgramEnd = {
  code: null,
  signal: null,
  stopped: true,
  alone: true,
  oomKills: 0,
  pidsRefused: 0,
};

function control(process: AgentProcessHandle, pid: number): ProcessControl {
  return {
    pid,
    write: (bytes) => process.write(bytes),
    closeStdin: () => process.closeStdin(),
    // deno-lint-ignore require-await -- as the contract says
    signal: async (name, target) => process.signal(name, target),
    // deno-lint-ignore require-await -- as the contract says
    resize: async (size) => process.resize(size),
  };
}

function onAbort(signal: AbortSignal, action: () => void): Disposable {
  signal.addEventListener("abort", action, { once: true });
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", action) };
}

function translateWatch(error: unknown, path: string): unknown {
  return error instanceof AgentRefusal
    ? watchRefusal(error.code, path, { cause: error })
    : translate(error);
}

function translate(error: unknown): unknown {
  if (error instanceof AgentRefusal && error.code === "RENEW") {
    return new ContainerIoRenewed(error.message, { cause: error });
  }
  if (error instanceof AgentRefusal && error.code === "NO_TERMINAL") {
    return new SandboxError("not_supported", `Cannot open a terminal: ${error.message}`, {
      cause: error,
    });
  }
  if (error instanceof AgentRefusal) {
    return new ProgramNotStarted(REASONS[error.code] ?? "other", error.message, { cause: error });
  }
  if (error instanceof AgentLostError) return new ContainerIoLost(error.message, { cause: error });
  return error;
}
