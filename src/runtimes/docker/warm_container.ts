import type { Warm } from "../warm_pool.ts";
import type { Container } from "./container.ts";

/** What containers that are kept ready differ in. */
export interface WarmProfile {
  /** Name of the image. */
  readonly image: string;
  /** Whether it may reach the network. */
  readonly network: boolean;
}

/** The key of a profile in the pool. */
export function warmKey({ image, network }: WarmProfile): string {
  return `${network ? "network" : "none"} ${image}`;
}

/** A container that was started ahead of need, or is being started. */
export class WarmContainer implements Warm {
  readonly #making: Promise<Container>;
  /** Resolves when it waits for work, or to false when it never will. */
  readonly ready: Promise<boolean>;
  #container: Container | undefined;
  #failed = false;

  /** Takes a container in the making. */
  constructor(making: Promise<Container>) {
    this.#making = making;
    this.ready = making.then((container) => {
      this.#container = container;
      return true;
    }, () => {
      this.#failed = true;
      return false;
    });
  }

  /** Whether it waits for work now. */
  get isReady(): boolean {
    return this.#container?.alive === true;
  }

  /** Whether it can be given work, now or soon. */
  get alive(): boolean {
    return !this.#failed && (this.#container === undefined || this.#container.alive);
  }

  /** The container; rejects with what kept it from being made. */
  get container(): Promise<Container> {
    return this.#making;
  }

  /** Removes it. */
  async [Symbol.asyncDispose](): Promise<void> {
    const container = await this.#making.catch(() => undefined);
    await container?.[Symbol.asyncDispose]();
  }
}
