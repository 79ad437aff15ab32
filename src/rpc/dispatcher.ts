import { ERROR_CODES } from "../protocol/errors.ts";
import { encodeError, encodeResult } from "./encode.ts";
import { InFlight, type InFlightOptions } from "./in_flight.ts";
import { parseParams } from "./invalid_params.ts";
import { type Entry, parseMessage, type RpcRequest } from "./message.ts";
import type { Peer, RpcMethodTable } from "./peer.ts";
import { cut, quote } from "./quote.ts";
import { RpcError, standardError } from "./rpc_error.ts";
import { suggestion } from "./suggestion.ts";
import { toRpcError } from "./to_rpc_error.ts";

const RETRY_AFTER_MS = 100;

/** What is told of a call once it has ended. */
export interface CallRecord {
  /** The method as asked, cut to a bounded length; it need not exist. */
  readonly method: string;
  /** The server's own id of the request. */
  readonly requestId: string;
  /** Who asked. */
  readonly peer: Peer;
  /** Milliseconds from the arrival to the answer. */
  readonly durationMs: number;
  /** What the client was told, if the call failed; a notification's is told to nobody else. */
  readonly error?: RpcError;
}

/** An error that the client only knows by its reference. */
export interface InternalErrorRecord {
  readonly reference: string;
  readonly thrown: unknown;
  readonly method: string;
  readonly requestId: string;
  readonly peer: Peer;
}

/** Options of {@linkcode Dispatcher}. */
export interface DispatcherOptions extends InFlightOptions {
  /** Entries of one batch. @default {100} */
  maxBatchSize?: number;
  /** Takes every call that has ended, for the log and the metrics; what it throws is ignored. */
  onCall?: (record: CallRecord) => void;
  /** Takes what was really thrown behind an "Internal error"; what it throws is ignored. */
  onInternalError?: (record: InternalErrorRecord) => void;
}

/**
 * Serves a table of methods. Knows no socket: text comes in with the peer that sent it, text goes out.
 * Every request with an id gets exactly one answer, whatever happens; notifications get none.
 */
export class Dispatcher {
  readonly #methods: RpcMethodTable;
  readonly #options: DispatcherOptions;
  readonly #inFlight: InFlight;
  #count = 0;

  /** Makes a dispatcher for the given methods. */
  constructor(methods: RpcMethodTable, options: DispatcherOptions = {}) {
    this.#methods = methods;
    this.#options = options;
    this.#inFlight = new InFlight(options);
  }

  /** Requests that are not answered. */
  get inFlight(): number {
    return this.#inFlight.entries;
  }

  /**
   * Answers one message. Handlers are invoked before this returns, in the order of the entries, so that
   * messages are begun in the order in which they are handed over. Resolves with the text to send, or
   * with undefined if nothing is to be said; never rejects.
   */
  async handle(text: string, peer: Peer): Promise<string | undefined> {
    const { batch, entries } = parseMessage(text, this.#options.maxBatchSize ?? 100);
    if (!this.#inFlight.enter(peer, entries.length, text.length)) {
      return join(batch, entries.map((entry) => this.#refuse(entry, peer)));
    }
    try {
      const answers = entries.map((entry) => this.#start(entry, peer));
      return join(batch, await Promise.all(answers));
    } finally {
      this.#inFlight.leave(peer, entries.length, text.length);
    }
  }

  #start(entry: Entry, peer: Peer): Promise<string | undefined> | string {
    return "error" in entry ? encodeError(entry.id, entry.error) : this.#run(entry, peer);
  }

  async #run(request: RpcRequest, peer: Peer): Promise<string | undefined> {
    const requestId = `r${++this.#count}`;
    const startedAt = performance.now();
    let answer: string | undefined;
    let error: RpcError | undefined;
    try {
      const result = await this.#invoke(request, peer, requestId);
      if (request.id !== undefined) answer = encodeResult(request.id, result);
    } catch (thrown) {
      error = this.#convert(thrown, request, peer, requestId);
      if (request.id !== undefined) answer = encodeError(request.id, error);
    }
    this.#record(request, peer, requestId, performance.now() - startedAt, error);
    return answer;
  }

  /** Validates and calls; not async, so that the handler runs before the caller goes on. */
  #invoke({ method, params }: RpcRequest, peer: Peer, requestId: string): unknown {
    const entry = Object.hasOwn(this.#methods, method) ? this.#methods[method] : undefined;
    if (entry === undefined) {
      const hint = suggestion(method, Object.keys(this.#methods));
      throw standardError("method_not_found", `${quote(method)}${hint}`);
    }
    // An empty list holds no positions, so it says the same as no params at all.
    const given = params === undefined || (Array.isArray(params) && params.length === 0);
    const valid = parseParams(entry.params, given ? {} : params);
    return entry.handler(valid, { peer, signal: peer.gone, requestId });
  }

  #refuse(entry: Entry, peer: Peer): string | undefined {
    if ("error" in entry) return encodeError(entry.id, entry.error);
    const message = `Too many requests under way: wait for answers before sending more, ` +
      `at most ${this.#inFlight.maxEntries} at once`;
    const error = new RpcError(ERROR_CODES.RateLimited, message, {
      reason: "rate_limited",
      retryAfterMs: RETRY_AFTER_MS,
    });
    this.#record(entry, peer, `r${++this.#count}`, 0, error);
    return entry.id === undefined ? undefined : encodeError(entry.id, error);
  }

  #convert(thrown: unknown, request: RpcRequest, peer: Peer, requestId: string): RpcError {
    return toRpcError(thrown, (reference, cause) => {
      const method = cut(request.method);
      const record = { reference, thrown: cause, method, requestId, peer };
      tell(this.#options.onInternalError, record);
    });
  }

  #record(
    request: RpcRequest,
    peer: Peer,
    requestId: string,
    durationMs: number,
    error: RpcError | undefined,
  ): void {
    const method = cut(request.method);
    tell(this.#options.onCall, { method, requestId, peer, durationMs, ...(error && { error }) });
  }
}

function tell<T>(callback: ((record: T) => void) | undefined, record: T): void {
  try {
    callback?.(record);
  } catch {
    // A log or a counter that fails must not cost the client its answer.
  }
}

function join(batch: boolean, answers: readonly (string | undefined)[]): string | undefined {
  const texts = answers.filter((answer) => answer !== undefined);
  if (texts.length === 0) return undefined;
  if (!batch) return texts[0];
  try {
    return `[${texts.join(",")}]`;
  } catch {
    // Longer than a string may be; the requests have run, so the client is told at least that.
    return encodeError(null, standardError("internal_error", "the batch's answers are too large"));
  }
}
