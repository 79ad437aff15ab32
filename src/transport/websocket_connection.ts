import { ERROR_CODES } from "../protocol/errors.ts";
import { encodeError, encodeNotification } from "../rpc/encode.ts";
import type { Peer } from "../rpc/peer.ts";
import { RpcError, standardError } from "../rpc/rpc_error.ts";
import { CLOSE_CODES, type CloseCode } from "./close_codes.ts";
import type { MessageHandler } from "./message_handler.ts";
import { Outbox } from "./outbox.ts";
import type { TransportLimits } from "./transport_limits.ts";

/** Options of {@linkcode WebSocketConnection}. */
export interface WebSocketConnectionOptions {
  readonly id: string;
  readonly caller: string;
  readonly handler: MessageHandler;
  readonly limits: Pick<TransportLimits, "maxMessageBytes" | "maxQueueBytes">;
  /** Called once when the connection has ended. */
  readonly onClosed: (code: number, reason: string) => void;
  /** Takes what should not have happened. */
  readonly onFailure: (thrown: unknown, doing: string) => void;
}

/**
 * One WebSocket as a peer. Messages are handed over in the order of their arrival and answered as
 * they get ready; answers and notifications leave in the order they were sent. The platform answers
 * pings, sends its own, and puts fragments together without a bound of its own.
 */
export class WebSocketConnection implements Peer {
  readonly id: string;
  readonly caller: string;
  readonly canNotify = true;
  readonly #socket: WebSocket;
  readonly #options: WebSocketConnectionOptions;
  readonly #outbox: Outbox;
  readonly #gone = new AbortController();
  readonly #closed = Promise.withResolvers<void>();
  #pending = 0;
  #answered: PromiseWithResolvers<void> | undefined;
  #closing: { code: CloseCode; reason: string } | undefined;
  #ended = false;

  /** Takes over a socket that is open or about to be. */
  constructor(socket: WebSocket, options: WebSocketConnectionOptions) {
    this.id = options.id;
    this.caller = options.caller;
    this.#socket = socket;
    this.#options = options;
    this.#outbox = new Outbox(socket, {
      maxQueueBytes: options.limits.maxQueueBytes,
      onOverflow: () => this.close(CLOSE_CODES.SlowConsumer, "Client reads too slowly"),
    });
    socket.binaryType = "arraybuffer";
    socket.onmessage = ({ data }) => this.#receive(data);
    socket.onopen = () => this.#open();
    socket.onclose = ({ code, reason }) => this.#end(code, reason);
    // A close event always follows and says the same.
    socket.onerror = () => {};
  }

  /** Aborted when the connection is gone or being given up. */
  get gone(): AbortSignal {
    return this.#gone.signal;
  }

  /** Resolves when the connection has ended on the wire. */
  get closed(): Promise<void> {
    return this.#closed.promise;
  }

  /** Whether less waits for the client than it takes at once. */
  get hasRoom(): boolean {
    return this.#outbox.hasRoom;
  }

  /** Sends a notification after everything sent before; does nothing once the client is gone. */
  notify(method: string, params: unknown): void {
    if (this.#gone.signal.aborted) return;
    try {
      this.#outbox.send(encodeNotification(method, params));
    } catch (error) {
      this.#options.onFailure(error, `notify ${method}`);
    }
  }

  /** Gives the connection up at once: what waits is dropped, the close frame follows what has left. */
  close(code: CloseCode, reason: string): void {
    if (this.#gone.signal.aborted) return;
    this.#outbox[Symbol.dispose]();
    this.#closing = { code, reason };
    this.#gone.abort();
    if (this.#socket.readyState === WebSocket.OPEN) this.#socket.close(code, reason);
  }

  /** Waits until every message is answered and the answers have left, then says goodbye. */
  async finish(code: CloseCode, reason: string): Promise<void> {
    if (this.#pending > 0) await (this.#answered ??= Promise.withResolvers<void>()).promise;
    await this.#outbox.drained();
    this.close(code, reason);
  }

  /** Says goodbye now, if the connection was given up before it was open. */
  #open(): void {
    if (this.#closing) this.#socket.close(this.#closing.code, this.#closing.reason);
  }

  #receive(data: unknown): void {
    if (this.#gone.signal.aborted) return;
    const { maxMessageBytes } = this.#options.limits;
    const size = typeof data === "string" ? data.length : (data as ArrayBuffer).byteLength;
    if (size > maxMessageBytes) {
      this.#refuseLarge(maxMessageBytes);
      return;
    }
    const text = typeof data === "string" ? data : decode(data as ArrayBuffer);
    if (text === undefined) {
      const error = standardError("parse_error", "Binary message is not valid UTF-8");
      this.#outbox.send(encodeError(null, error));
      return;
    }
    void this.#answer(text);
  }

  /** Hands the message over before its first wait; never rejects. */
  async #answer(text: string): Promise<void> {
    this.#pending++;
    try {
      const answer = await this.#options.handler.handle(text, this);
      if (answer !== undefined && !this.#gone.signal.aborted) this.#outbox.send(answer);
    } catch (error) {
      this.#options.onFailure(error, "answer a message");
    } finally {
      if (--this.#pending === 0) this.#answered?.resolve();
    }
  }

  #refuseLarge(maxMessageBytes: number): void {
    const message = `Cannot take the message: it is larger than ${maxMessageBytes} bytes`;
    const error = new RpcError(ERROR_CODES.TooLarge, message, {
      reason: "too_large",
      maxMessageBytes,
    });
    this.#outbox.send(encodeError(null, error));
    this.close(CLOSE_CODES.MessageTooBig, `Messages may have ${maxMessageBytes} bytes`);
  }

  #end(code: number, reason: string): void {
    // The platform reports some endings twice.
    if (this.#ended) return;
    this.#ended = true;
    this.#outbox[Symbol.dispose]();
    this.#gone.abort();
    this.#closed.resolve();
    this.#options.onClosed(this.#closing?.code ?? code, this.#closing?.reason ?? reason);
  }
}

function decode(bytes: ArrayBuffer): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8, which is all that a fatal decoder throws for.
    return undefined;
  }
}
