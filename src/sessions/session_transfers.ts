import { SandboxError } from "../errors.ts";

/** The use of a session by something that moves its files; to be disposed when it is over. */
export interface SessionUse extends Disposable {
  /** Aborts when the session ends. */
  readonly signal: AbortSignal;
}

/** Options of {@linkcode SessionTransfers}. */
export interface SessionTransfersOptions {
  /** Called when one begins. */
  readonly onBegin: () => void;
  /** Called when one has ended. */
  readonly onEnd: () => void;
}

/** Each may hold a file open and a megabyte on the way. */
const MAX_TRANSFERS = 64;

/** Files of one session on their way in or out, beside its commands. */
export class SessionTransfers {
  readonly #options: SessionTransfersOptions;
  readonly #open = new Set<AbortController>();
  #idle: PromiseWithResolvers<void> | undefined;
  #ended: { readonly reason: unknown } | undefined;

  /** Begins without any. */
  constructor(options: SessionTransfersOptions) {
    this.#options = options;
  }

  /** Whether something is on its way. */
  get isBusy(): boolean {
    return this.#open.size > 0;
  }

  /** Begins one. Throws a `SandboxError` of code `rate_limited` if there are too many. */
  begin(): SessionUse {
    if (this.#ended !== undefined) throw this.#ended.reason;
    if (this.#open.size >= MAX_TRANSFERS) {
      throw new SandboxError(
        "rate_limited",
        `Cannot move another file: ${MAX_TRANSFERS} of this session are on their way, try again later`,
        { data: { limit: MAX_TRANSFERS, retryAfterMs: 1000 } },
      );
    }
    const abort = new AbortController();
    this.#open.add(abort);
    this.#options.onBegin();
    return { signal: abort.signal, [Symbol.dispose]: () => this.#finish(abort) };
  }

  /** Breaks off all of them; there are no further ones. */
  end(reason: unknown): void {
    this.#ended ??= { reason };
    for (const abort of this.#open) abort.abort(reason);
  }

  /** Resolves when nothing is on its way any more. */
  async idle(): Promise<void> {
    while (this.isBusy) await (this.#idle ??= Promise.withResolvers()).promise;
  }

  #finish(abort: AbortController): void {
    if (!this.#open.delete(abort)) return;
    if (!this.isBusy) {
      this.#idle?.resolve();
      this.#idle = undefined;
    }
    this.#options.onEnd();
  }
}
