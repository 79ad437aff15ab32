/** What the outbox needs of a WebSocket. */
export interface OutboxSocket {
  /** Bytes handed over and not yet taken by the network. */
  readonly bufferedAmount: number;
  /** Hands a text message over, in order. */
  send(text: string): void;
}

/** Options of {@linkcode Outbox}. */
export interface OutboxOptions {
  /** What may wait in all before the client counts as too slow. */
  readonly maxQueueBytes: number;
  /** Called once when more than that waits; everything queued is gone by then. */
  readonly onOverflow: () => void;
}

/**
 * What the socket itself may hold. It cannot be taken back from there if the client never reads, so
 * the rest waits here.
 */
const SOCKET_BYTES = 1024 * 1024;
const POLL_MS = 4;

/** The messages on their way to one client, in order and bounded. */
export class Outbox implements Disposable {
  readonly #socket: OutboxSocket;
  readonly #options: OutboxOptions;
  #queue: string[] = [];
  #queuedBytes = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  #drained: PromiseWithResolvers<void> | undefined;
  #closed = false;

  /** Makes an empty outbox in front of a socket. */
  constructor(socket: OutboxSocket, options: OutboxOptions) {
    this.#socket = socket;
    this.#options = options;
  }

  /**
   * Bytes that wait, here and in the socket; here a text counts by its UTF-16 units, which its bytes are
   * never fewer than.
   */
  get waitingBytes(): number {
    return this.#queuedBytes + this.#socket.bufferedAmount;
  }

  /** Whether the next message goes to the socket at once. */
  get hasRoom(): boolean {
    return this.#queue.length === 0 && this.#socket.bufferedAmount < SOCKET_BYTES;
  }

  /** Sends a message after all before it; a message is taken whole as long as the limit is not passed. */
  send(text: string): void {
    if (this.#closed) return;
    if (this.hasRoom) {
      this.#socket.send(text);
      return;
    }
    if (this.waitingBytes > this.#options.maxQueueBytes) {
      this[Symbol.dispose]();
      this.#options.onOverflow();
      return;
    }
    this.#queue.push(text);
    this.#queuedBytes += text.length;
    this.#timer ??= setTimeout(() => this.#pump(), POLL_MS);
  }

  /** Resolves when the socket has been handed everything, or the outbox is closed. */
  async drained(): Promise<void> {
    if (this.#queue.length === 0) return;
    this.#drained ??= Promise.withResolvers<void>();
    await this.#drained.promise;
  }

  /** Drops what waits here and takes nothing more. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#queue = [];
    this.#queuedBytes = 0;
    clearTimeout(this.#timer);
    this.#drained?.resolve();
  }

  /** Hands over what the socket has room for; it has no event for that, so it is asked. */
  #pump(): void {
    this.#timer = undefined;
    let taken = 0;
    while (taken < this.#queue.length && this.#socket.bufferedAmount < SOCKET_BYTES) {
      const text = this.#queue[taken++]!;
      this.#queuedBytes -= text.length;
      this.#socket.send(text);
    }
    this.#queue.splice(0, taken);
    if (this.#queue.length > 0) {
      this.#timer = setTimeout(() => this.#pump(), POLL_MS);
    } else {
      this.#drained?.resolve();
      this.#drained = undefined;
    }
  }
}
