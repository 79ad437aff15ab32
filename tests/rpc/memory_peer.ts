import type { Peer } from "../../src/rpc/peer.ts";

/** A peer without a connection: it keeps what it is told. */
export class MemoryPeer implements Peer {
  readonly id: string = "p1";
  readonly caller: string = "tester";
  readonly canNotify = true;
  readonly hasRoom = true;
  /** Every notification, in order. */
  readonly told: { method: string; params: unknown }[] = [];
  readonly #gone = new AbortController();

  /** Aborted by {@linkcode leave}. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Keeps a notification. */
  notify(method: string, params: unknown): void {
    this.told.push({ method, params });
  }

  /** Ends the connection. */
  leave(): void {
    this.#gone.abort();
  }
}
