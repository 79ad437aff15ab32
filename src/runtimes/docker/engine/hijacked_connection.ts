import type { EngineAddress } from "./engine_address.ts";
import type { EngineConn } from "./connect_engine.ts";
import { EngineError } from "./engine_error.ts";
import { unavailable } from "./unavailable.ts";

const SLAB_BYTES = 64 * 1024;
const MIN_READ_BYTES = 16 * 1024;

/** What a {@linkcode HijackedConnection} begins with. */
export interface HijackedConnectionInit {
  readonly address: EngineAddress;
  /** What an error on the way says could not be done. */
  readonly action: string;
  /** The media type that the engine answered with, if any. */
  readonly contentType: string | undefined;
  /** What came together with the head of the answer. */
  readonly rest: Uint8Array<ArrayBuffer>;
}

/** A connection that a call has turned into a stream of bytes in both directions. */
export class HijackedConnection implements Disposable {
  /** Tells a terminal's plain stream from a multiplexed one, from API 1.42 on. */
  readonly contentType: string | undefined;
  readonly #conn: EngineConn;
  readonly #address: EngineAddress;
  readonly #action: string;
  #rest: Uint8Array<ArrayBuffer> | undefined;
  #slab = new Uint8Array(0);
  #writing: Promise<void> | undefined;
  #writeClosed = false;
  #closed = false;

  /** Takes over a connection. */
  constructor(conn: EngineConn, init: HijackedConnectionInit) {
    this.#conn = conn;
    this.#address = init.address;
    this.#action = init.action;
    this.contentType = init.contentType;
    this.#rest = init.rest.length > 0 ? init.rest : undefined;
  }

  /**
   * Reads what is there, at least one byte; null at the end and after it was closed from our side. An
   * engine that is killed looks like an end. The bytes are the caller's to keep, though a few kept bytes
   * hold on to up to 64 KiB.
   */
  async read(): Promise<Uint8Array<ArrayBuffer> | null> {
    const rest = this.#rest;
    if (rest !== undefined) {
      this.#rest = undefined;
      return rest;
    }
    if (this.#slab.length < MIN_READ_BYTES) this.#slab = new Uint8Array(SLAB_BYTES);
    const slab = this.#slab;
    try {
      const count = await this.#conn.read(slab);
      if (count === null) return null;
      // What was handed out is never written to again.
      this.#slab = slab.subarray(count);
      return slab.subarray(0, count);
    } catch (error) {
      if (this.#closed) return null;
      throw unavailable(this.#action, this.#address, error);
    }
  }

  /** Writes all of the bytes, after those of earlier calls. */
  async write(bytes: Uint8Array): Promise<void> {
    // Writes can be partial: without an order, those of two callers would mix.
    const writing = this.#writing === undefined
      ? this.#writeAll(bytes)
      : this.#writing.then(() => this.#writeAll(bytes));
    this.#writing = writing;
    try {
      await writing;
    } finally {
      if (this.#writing === writing) this.#writing = undefined;
    }
  }

  /** Tells the engine that nothing more is written; reading goes on. */
  async closeWrite(): Promise<void> {
    if (this.#writeClosed || this.#closed) return;
    this.#writeClosed = true;
    try {
      // Failed writes have been reported to their callers.
      await this.#writing?.catch(() => {});
      await this.#conn.closeWrite();
    } catch (error) {
      if (this.#closed || isGone(error)) return;
      throw unavailable(this.#action, this.#address, error);
    }
  }

  /** Closes both directions. */
  [Symbol.dispose](): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      if (this.#closed) {
        throw new EngineError("unavailable", this.#action, "the connection was closed");
      }
      try {
        rest = rest.subarray(await this.#conn.write(rest));
      } catch (error) {
        throw unavailable(this.#action, this.#address, error);
      }
    }
  }
}

/** Whether the other side had closed first. */
function isGone(error: unknown): boolean {
  return error instanceof Deno.errors.NotConnected || error instanceof Deno.errors.BrokenPipe ||
    error instanceof Deno.errors.ConnectionReset;
}
