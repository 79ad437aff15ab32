import type { AgentFailCode, FailReport } from "./inside/protocol.ts";

/** How a link to an agent ended. */
export interface AgentLost {
  /**
   * `ended`: the channel came to its end, because the agent did; `protocol`: it said what no agent of
   * this version says; `unresponsive`: it says nothing any more; `closed`: we closed it.
   */
  readonly reason: "ended" | "protocol" | "unresponsive" | "closed";
  /** A sentence for the log. */
  readonly message: string;
  readonly cause?: unknown;
}

/** The agent is gone, and with it what was asked of it. */
export class AgentLostError extends Error {
  override readonly name = "AgentLostError";
  /** How it was lost. */
  readonly reason: AgentLost["reason"];

  /** Makes the error of a loss. */
  constructor({ reason, message, cause }: AgentLost) {
    super(message, cause === undefined ? {} : { cause });
    this.reason = reason;
  }
}

/** The agent did not do what it was asked for. */
export class AgentRefusal extends Error {
  override readonly name = "AgentRefusal";
  /** Why, as a word: one of ours or the system's, such as `ENOENT`. */
  readonly code: AgentFailCode;
  /** Which of the request's paths is at fault. */
  readonly path: string | undefined;
  /** For `TOO_LARGE`: the bytes that were asked for. */
  readonly size: number | undefined;

  /** Makes the error of what the agent says. */
  constructor({ code, message, path, size }: FailReport) {
    super(message);
    this.code = code;
    this.path = path;
    this.size = size;
  }
}
