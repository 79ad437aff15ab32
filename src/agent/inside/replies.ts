import type { RequestReplies } from "./active_request.ts";
import type { FrameOutput } from "./frame_output.ts";
import { encodeCredit, encodeJson } from "./frame_payload.ts";
import { type RequestFailure, toFailure } from "./request_failure.ts";

/** What {@linkcode Replies} are to. */
export interface RepliesInit {
  readonly id: number;
  /** The path that is at fault if nothing else is. */
  readonly path: string | undefined;
  /** Called when the request is over. */
  readonly finish: (failure?: RequestFailure) => void;
}

/** The replies to one request, in frames with its id. */
export class Replies implements RequestReplies {
  readonly #output: FrameOutput;
  readonly #id: number;
  readonly #path: string | undefined;
  readonly #finish: (failure?: RequestFailure) => void;
  #over = false;

  /** Says them through `output`. */
  constructor(output: FrameOutput, { id, path, finish }: RepliesInit) {
    this.#output = output;
    this.#id = id;
    this.#path = path;
    this.#finish = finish;
  }

  /** Whether the request is over. */
  get over(): boolean {
    return this.#over;
  }

  /** See {@linkcode RequestReplies}. */
  send(type: "data" | "stdout" | "stderr", payload: Uint8Array): void {
    if (!this.#over) this.#output.send(type, this.#id, payload);
  }

  /** See {@linkcode RequestReplies}. */
  sendFilled(length: number, fill: (buffer: Uint8Array) => number): number {
    return this.#over ? 0 : this.#output.sendFilled("data", this.#id, { length, fill });
  }

  /** See {@linkcode RequestReplies}. */
  sendResult(value: object): void {
    if (!this.#over) this.#output.sendJson("result", this.#id, value);
  }

  /** See {@linkcode RequestReplies}. */
  sendCredit(bytes: number): void {
    if (!this.#over) this.#output.send("credit", this.#id, encodeCredit(bytes));
  }

  /** See {@linkcode RequestReplies}. */
  sendStarted(pid: number): void {
    if (!this.#over) this.#output.sendJsonLater("started", this.#id, { pid });
  }

  /** See {@linkcode RequestReplies}. */
  done(type: "result" | "exit" | "end", value?: object): void {
    if (this.#over) return;
    this.#over = true;
    this.#output.send(type, this.#id, value === undefined ? undefined : encodeJson(value));
    this.#finish();
  }

  /** See {@linkcode RequestReplies}. */
  fail(error: unknown): void {
    if (this.#over) return;
    this.#over = true;
    const failure = toFailure(error, this.#path);
    this.#output.sendJson("fail", this.#id, failure.report);
    this.#finish(failure);
  }
}
