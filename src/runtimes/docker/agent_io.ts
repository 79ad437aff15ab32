import { AgentLostError, AgentRefusal } from "../../agent/agent_error.ts";
import type { AgentLink } from "../../agent/agent_link.ts";
import type { RunOptions } from "../runtime.ts";
import { AgentIoFiles } from "./agent_io_files.ts";
import {
  type ContainerIo,
  ContainerIoLost,
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
  async run(program: Program, { output, signal }: RunOptions): Promise<ProgramEnd> {
    const { argv, cwd, env, stdin, script, remove } = program;
    try {
      const { code, signal: ending, ...exit } = await this.#link.run({
        argv,
        cwd,
        env,
        stdin,
        ...(script !== undefined && { files: [script] }),
        ...(remove !== undefined && { remove }),
      }, { output, signal, graceMs: GRACE_MS });
      return {
        code,
        signal: ending,
        stopped: exit.stopped,
        oomKills: exit.oomKills,
        pidsRefused: exit.pidsMax,
        cpuMs: exit.cpuMs,
        memoryPeakBytes: exit.memoryPeakBytes,
      };
    } catch (error) {
      throw translate(error);
    }
  }

  /** Ends the agent with all that it runs. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#link[Symbol.asyncDispose]();
  }
}

function translate(error: unknown): unknown {
  if (error instanceof AgentRefusal) {
    return new ProgramNotStarted(REASONS[error.code] ?? "other", error.message, { cause: error });
  }
  if (error instanceof AgentLostError) return new ContainerIoLost(error.message, { cause: error });
  return error;
}
