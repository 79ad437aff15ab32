import type { ActiveRequest } from "./active_request.ts";
import { BufferPool } from "./buffer_pool.ts";
import { Counters } from "./counters.ts";
import { startFileRequest } from "./file_requests.ts";
import type { FrameOutput } from "./frame_output.ts";
import { decodeCredit, decodeJson } from "./frame_payload.ts";
import { FrameDecoder, FrameError, type FrameType } from "./frames.ts";
import { ManagedProcess, type ProcessDeps } from "./managed_process.ts";
import { OwnLimits } from "./own_limits.ts";
import { ProcessTable } from "./process_table.ts";
import {
  type AgentRequest,
  CHUNK_BYTES,
  type FileRequest,
  PROTOCOL_VERSION,
  type SignalTarget,
  type SpawnRequest,
} from "./protocol.ts";
import { Replies } from "./replies.ts";
import { RequestFailure } from "./request_failure.ts";
import { RequestTable } from "./request_table.ts";
import { signalEverything } from "./send_signal.ts";

/** Settings of {@linkcode Agent}. */
export interface AgentOptions {
  /** Whether every other process of this user may be ended. */
  readonly sole: boolean;
  /** Whether other processes of this user are kept out of this one. */
  readonly shielded: boolean;
  /** The path of the launcher, if there is one that runs here. */
  readonly launcher: string | undefined;
  /** Ends this agent, so that another takes its place. */
  readonly leave: () => void;
}

const SPARE_BUFFERS = 8;

/** Does what the server asks for. */
export class Agent {
  readonly #output: FrameOutput;
  readonly #options: AgentOptions;
  readonly #decoder = new FrameDecoder((type, id, payload) => this.#receive(type, id, payload));
  readonly #counters = new Counters();
  readonly #requests = new RequestTable();
  readonly #deps: ProcessDeps;
  readonly #limits = new OwnLimits();

  /** Makes an agent that answers through `output`. */
  constructor(output: FrameOutput, options: AgentOptions) {
    this.#output = output;
    this.#options = options;
    const { sole, launcher } = options;
    this.#deps = {
      table: new ProcessTable({ sole, counters: this.#counters }),
      counters: this.#counters,
      buffers: new BufferPool({ bytes: CHUNK_BYTES, spares: SPARE_BUFFERS }),
      launcher,
    };
  }

  /** Ends what an agent before this one has left, and says that it is there. */
  begin(): void {
    const { sole, shielded, launcher } = this.#options;
    signalEverything("SIGKILL", { sole });
    this.#output.sendJson("ready", 0, {
      protocol: PROTOCOL_VERSION,
      pid: Deno.pid,
      uid: Deno.uid(),
      sole,
      shielded,
      launcher: launcher !== undefined,
      counters: this.#counters.present,
    });
  }

  /** Takes what the server has sent, split anywhere. Throws a {@linkcode FrameError} for nonsense. */
  receive(bytes: Uint8Array): void {
    this.#decoder.write(bytes);
  }

  /** Takes the end of what the server sends. */
  end(): void {
    this.#decoder.end();
  }

  /** Ends every process, and what was half done. */
  async shutDown(): Promise<void> {
    await this.#deps.table.killAll();
    this.#requests[Symbol.dispose]();
    this.#counters[Symbol.dispose]();
  }

  #receive(type: FrameType, id: number, payload: Uint8Array): void {
    if (type === "request") return this.#begin(id, decodeJson(type, payload));
    const deliver = DELIVERIES[type];
    if (deliver === undefined) throw new FrameError(`Unexpected frame "${type}"`);
    const entry = this.#requests.get(id);
    // What is over may still be written to while its end is on its way.
    if (entry === undefined) return;
    attempt(entry.replies, () => deliver(entry.request, payload));
  }

  #begin(id: number, json: Record<string, unknown>): void {
    if (typeof json.op !== "string") throw new FrameError("A request has no op");
    // The other side is trusted and of the same version: what it gets wrong fails where it is used.
    const request = json as unknown as AgentRequest;
    if (request.op === "spawn") this.#spawn(id, request);
    else if (request.op === "ping") this.#replies(id).done("result", {});
    else this.#file(id, request);
  }

  #spawn(id: number, request: SpawnRequest): void {
    const replies = this.#replies(id);
    if (this.#options.sole && this.#limits.changed) {
      replies.fail(new RequestFailure("RENEW", "Somebody changed the limits of this agent"));
      return this.#options.leave();
    }
    const process = new ManagedProcess(request, replies, this.#deps);
    this.#requests.begin(id, { request: process, replies });
    this.#requests.whenOver(request.after ?? [], (failure) => {
      if (replies.over) return;
      if (failure !== undefined) return replies.fail(failure);
      attempt(replies, () => process.run());
    });
  }

  #file(id: number, request: FileRequest): void {
    const replies = this.#replies(id, "path" in request ? request.path : undefined);
    attempt(replies, () => {
      const active = startFileRequest(request, replies);
      this.#requests.begin(id, { request: active, replies });
      active.run?.();
    });
  }

  #replies(id: number, path?: string): Replies {
    const finish = (failure?: RequestFailure) => this.#requests.finish(id, failure);
    return new Replies(this.#output, { id, path, finish });
  }
}

/** What each frame that belongs to a request means to it. */
const DELIVERIES: Partial<
  Record<FrameType, (request: ActiveRequest, payload: Uint8Array) => void>
> = {
  data: (request, payload) => request.data?.(payload),
  end: (request) => request.end?.(),
  credit: (request, payload) => {
    const bytes = decodeCredit(payload);
    request.credit?.(bytes);
  },
  signal: (request, payload) => {
    const { signal, to } = decodeJson("signal", payload);
    request.signal?.(signal as Deno.Signal, to as SignalTarget);
  },
  stop: (request, payload) => {
    const { graceMs } = decodeJson("stop", payload);
    request.stop?.(Number(graceMs));
  },
  resize: (request, payload) => {
    const { cols, rows } = decodeJson("resize", payload);
    request.resize?.({ cols: Number(cols), rows: Number(rows) });
  },
  cancel: (request) => request.cancel?.(),
};

/** Does something for a request, and tells its sender what goes wrong; only nonsense concerns the others. */
function attempt(replies: Replies, action: () => void): void {
  try {
    action();
  } catch (error) {
    if (error instanceof FrameError) throw error;
    replies.fail(error);
  }
}
