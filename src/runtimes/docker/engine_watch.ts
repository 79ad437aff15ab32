import { delay } from "@std/async";
import { SERVER_LABEL } from "./container_spec.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { enginePing } from "./engine/engine_ping.ts";
import { eventStream } from "./engine/event_stream.ts";

/** Options of {@linkcode EngineWatch}. */
export interface EngineWatchOptions {
  readonly engine: EngineClient;
  readonly serverId: string;
  /** The engine answers, for the first time or again after it was away. */
  readonly onBack: () => void;
  /** The engine does not answer any more. */
  readonly onAway: () => void;
  /** A container of this server has ended or was removed. */
  readonly onContainerEnd: (id: string) => void;
}

const FIRST_RETRY_MS = 100;
const LAST_RETRY_MS = 3000;

/** Follows an engine for as long as the server lives: when it comes and goes, and what becomes of containers. */
export class EngineWatch implements AsyncDisposable {
  readonly #options: EngineWatchOptions;
  readonly #stop = new AbortController();
  readonly #loop: Promise<void>;
  #isBack = false;

  /** Begins to follow. */
  constructor(options: EngineWatchOptions) {
    this.#options = options;
    this.#loop = this.#run();
  }

  /** Whether the engine answers, as far as is known. */
  get isBack(): boolean {
    return this.#isBack;
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    let retryMs = FIRST_RETRY_MS;
    while (!signal.aborted) {
      try {
        await enginePing(this.#options.engine, { signal, timeoutMs: LAST_RETRY_MS });
        retryMs = FIRST_RETRY_MS;
        await this.#follow(signal);
      } catch {
        // However it fails: it is away until it answers.
      }
      if (signal.aborted) return;
      this.#become(false);
      await delay(retryMs, { signal }).catch(() => {});
      retryMs = Math.min(2 * retryMs, LAST_RETRY_MS);
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { engine, serverId } = this.#options;
    const filters = {
      type: ["container"],
      label: [`${SERVER_LABEL}=${serverId}`],
      event: ["die", "destroy"],
    };
    // Subscribed to before anybody looks at what there is, so that nothing happens in between.
    const events = await eventStream(engine, { filters, signal });
    this.#become(true);
    for await (const { Actor } of events) this.#options.onContainerEnd(Actor.ID);
  }

  #become(isBack: boolean): void {
    if (this.#isBack === isBack) return;
    this.#isBack = isBack;
    if (isBack) this.#options.onBack();
    else this.#options.onAway();
  }
}
