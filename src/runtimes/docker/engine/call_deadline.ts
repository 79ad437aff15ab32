import { abortable } from "@std/async";
import { EngineError } from "./engine_error.ts";
import { type EngineRequest, SHORT_CALL_MS } from "./engine_request.ts";

/** Ends one call: when its time is up or its caller gives up, whichever is first. */
export class CallDeadline implements Disposable {
  readonly #controller = new AbortController();
  readonly #callerSignal: AbortSignal | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Starts the time of a call. */
  constructor(request: EngineRequest) {
    const { action, signal, timeoutMs = request.defaultTimeoutMs ?? SHORT_CALL_MS } = request;
    this.#callerSignal = signal;
    if (signal?.aborted) {
      this.#onAbort();
      return;
    }
    signal?.addEventListener("abort", this.#onAbort);
    const detail = `the Docker engine did not finish within ${timeoutMs} ms`;
    this.#timer = setTimeout(
      () => this.#controller.abort(new EngineError("timeout", action, detail)),
      timeoutMs,
    );
  }

  /** Aborted with what the call is to throw. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Waits for something that does not know of the deadline. */
  race<T>(promise: Promise<T>): Promise<T> {
    return abortable(promise, this.signal);
  }

  /** Lets time no longer end the call; the caller still can. */
  stopClock(): void {
    clearTimeout(this.#timer);
  }

  /** Leaves no timer and no listener behind. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#callerSignal?.removeEventListener("abort", this.#onAbort);
  }

  // An arrow, so that the listener that is added is the one that is removed.
  readonly #onAbort = () => this.#controller.abort(this.#callerSignal?.reason);
}
