import {
  type MethodInput,
  type MethodName,
  type MethodResult,
  METHODS,
} from "../../src/protocol/methods.ts";
import { within } from "./within.ts";

const CALL_TIMEOUT_MS = 30_000;

/** A message from the server: a response or a notification. */
export interface RpcMessage {
  jsonrpc: "2.0";
  id?: string | number | null;
  result?: unknown;
  error?: { code: number; message: string; data?: Record<string, unknown> };
  method?: string;
  params?: Record<string, unknown>;
}

/** A request that was answered with an error. */
export class RpcCallError extends Error {
  override readonly name = "RpcCallError";
  /** The number of the error. */
  readonly code: number;
  /** What the server says beside the message. */
  readonly data: Record<string, unknown>;

  /** Makes it from the `error` of a response. */
  constructor(error: NonNullable<RpcMessage["error"]>) {
    super(error.message);
    this.code = error.code;
    this.data = error.data ?? {};
  }
}

/** Options of {@linkcode RpcClient.connect}. */
export interface ConnectOptions {
  /** Headers of the upgrade request. */
  headers?: Record<string, string>;
  /** Subprotocols to offer. */
  protocols?: string[];
}

interface Waiter {
  accept(value: unknown): boolean;
  fail(error: Error): void;
}

/** A JSON-RPC client that knows the raw WebSocket and the contract, and nothing of the server's code. */
export class RpcClient implements AsyncDisposable {
  /** Everything received, parsed, in order; a batch is one array. */
  readonly received: unknown[] = [];
  /** Resolves when the connection has ended. */
  readonly closed: Promise<CloseEvent>;
  readonly #socket: WebSocket;
  readonly #waiters = new Set<Waiter>();
  #lastId = 0;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    const { promise, resolve } = Promise.withResolvers<CloseEvent>();
    this.closed = promise;
    socket.onmessage = ({ data }) => this.#take(JSON.parse(data));
    socket.onclose = (event) => {
      for (const waiter of this.#waiters) {
        waiter.fail(
          new Error(
            `Cannot go on: connection closed (${event.code} ${event.reason})`,
          ),
        );
      }
      resolve(event);
    };
  }

  /** Opens a connection; rejects if the server refuses it. */
  static async connect(
    url: string,
    options: ConnectOptions = {},
  ): Promise<RpcClient> {
    const socket = new WebSocket(url, options as WebSocketOptions);
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const client = new RpcClient(socket);
    socket.onopen = () => resolve();
    socket.onerror = (event) => reject(new Error((event as ErrorEvent).message));
    await within(promise, CALL_TIMEOUT_MS, "the connection to open");
    return client;
  }

  /** The subprotocol the server chose. */
  get protocol(): string {
    return this.#socket.protocol;
  }

  /** Every response and notification received on its own, in order. */
  get messages(): RpcMessage[] {
    return this.received.filter((value) => !Array.isArray(value)) as RpcMessage[];
  }

  /** The notifications of one method received so far, in order. */
  notifications(method: string): Record<string, unknown>[] {
    return this.messages.filter((message) => message.method === method)
      .map((message) => message.params!);
  }

  /** Sends text or bytes as they are. */
  sendRaw(data: string | Uint8Array<ArrayBuffer>): void {
    this.#socket.send(data);
  }

  /** Sends a notification. */
  notify(method: string, params?: unknown): void {
    this.sendRaw(JSON.stringify({ jsonrpc: "2.0", method, params }));
  }

  /** Sends a request whose params may be anything, and returns the whole response. */
  async call(method: string, params?: unknown): Promise<RpcMessage> {
    const id = `t${++this.#lastId}`;
    const response = this.next(
      (message) => message.id === id,
      CALL_TIMEOUT_MS,
      method,
    );
    this.sendRaw(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return await response;
  }

  /**
   * Sends a request and returns its result, which must be what the contract says. Throws
   * {@linkcode RpcCallError} for an error.
   */
  async request<K extends MethodName>(
    method: K,
    params: MethodInput<K>,
  ): Promise<MethodResult<K>> {
    const { error, result } = await this.call(method, params);
    if (error) throw new RpcCallError(error);
    return METHODS[method].result.parse(result) as MethodResult<K>;
  }

  /** Sends a request that must fail, and returns its error. */
  async requestError(method: string, params?: unknown): Promise<RpcCallError> {
    const { error, result } = await this.call(method, params);
    if (!error) {
      throw new Error(
        `Expected an error of ${method}, got ${JSON.stringify(result)}`,
      );
    }
    return new RpcCallError(error);
  }

  /** Returns the first message that fits, received already or within the time. */
  async next(
    fits: (message: RpcMessage) => boolean,
    ms: number = CALL_TIMEOUT_MS,
    what = "a message",
  ): Promise<RpcMessage> {
    const single = (value: unknown) => !Array.isArray(value) && fits(value as RpcMessage);
    return await this.#next(single, ms, what) as RpcMessage;
  }

  /** Returns the first notification of a method about a session, received already or to come. */
  async nextNotification(
    method: string,
    sessionId: string,
  ): Promise<Record<string, unknown>> {
    const message = await this.next(
      ({ method: name, params }) => name === method && params?.sessionId === sessionId,
      CALL_TIMEOUT_MS,
      method,
    );
    return message.params!;
  }

  /** Returns the first batch received. */
  async nextBatch(): Promise<RpcMessage[]> {
    return await this.#next(
      Array.isArray,
      CALL_TIMEOUT_MS,
      "a batch",
    ) as RpcMessage[];
  }

  /** Closes the connection and waits until it has ended. */
  async close(): Promise<CloseEvent> {
    this.#socket.close();
    return await within(
      this.closed,
      CALL_TIMEOUT_MS,
      "the connection to close",
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }

  #take(value: unknown): void {
    this.received.push(value);
    for (const waiter of this.#waiters) {
      if (waiter.accept(value)) this.#waiters.delete(waiter);
    }
  }

  async #next(
    fits: (value: unknown) => boolean,
    ms: number,
    what: string,
  ): Promise<unknown> {
    const seen = this.received.find(fits);
    if (seen !== undefined) return seen;
    if (this.#socket.readyState !== WebSocket.OPEN) {
      throw new Error(`Cannot wait for ${what}: connection is not open`);
    }
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const waiter: Waiter = {
      accept(value) {
        const accepted = fits(value);
        if (accepted) resolve(value);
        return accepted;
      },
      fail: reject,
    };
    this.#waiters.add(waiter);
    try {
      return await within(promise, ms, what);
    } finally {
      this.#waiters.delete(waiter);
    }
  }
}
