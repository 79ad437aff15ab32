import type { MethodInput, MethodName, MethodResult } from "../src/protocol/methods.ts";

/** How long one call may take, in milliseconds: a benchmark that hangs measures nothing. */
const CALL_TIMEOUT_MS = 60_000;

interface PendingCall {
  resolve(result: unknown): void;
  reject(reason: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A JSON-RPC client over one WebSocket, typed by the contract. */
export class BenchClient implements Disposable {
  readonly #socket: WebSocket;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 1;

  private constructor(socket: WebSocket) {
    this.#socket = socket;
    socket.onmessage = ({ data }) => this.#answer(String(data));
    socket.onclose = ({ code }) => this.#fail(new Error(`Connection closed with code ${code}`));
  }

  /** Connects; rejects if the server does not accept. */
  static async connect(url: string): Promise<BenchClient> {
    return new BenchClient(await openSocket(url));
  }

  /** Calls a method; rejects on an error response, on a closed connection and after a minute. */
  call<K extends MethodName>(
    method: K,
    params: MethodInput<K>,
  ): Promise<MethodResult<K>> {
    const id = this.#nextId++;
    const { promise, resolve, reject } = Promise.withResolvers<unknown>();
    const timer = setTimeout(() => {
      this.#pending.delete(id);
      reject(
        new Error(
          `Cannot call ${method}: no answer within ${CALL_TIMEOUT_MS} ms`,
        ),
      );
    }, CALL_TIMEOUT_MS);
    this.#pending.set(id, { resolve, reject, timer });
    this.#socket.send(JSON.stringify({ jsonrpc: "2.0", id, method, params }));
    return promise as Promise<MethodResult<K>>;
  }

  [Symbol.dispose](): void {
    this.#socket.onclose = null;
    this.#fail(new Error("Connection closed by this client"));
    this.#socket.close();
  }

  #answer(text: string): void {
    const { id, result, error } = JSON.parse(text);
    const call = this.#pending.get(id);
    if (call === undefined) return;
    this.#pending.delete(id);
    clearTimeout(call.timer);
    if (error === undefined) call.resolve(result);
    else call.reject(new Error(`The server answered ${JSON.stringify(error)}`));
  }

  #fail(reason: Error): void {
    for (const { reject, timer } of this.#pending.values()) {
      clearTimeout(timer);
      reject(reason);
    }
    this.#pending.clear();
  }
}

/** Opens a WebSocket and resolves once it is open. */
export function openSocket(url: string): Promise<WebSocket> {
  const socket = new WebSocket(url);
  return new Promise((resolve, reject) => {
    socket.onopen = () => resolve(socket);
    socket.onerror = (event) => {
      const detail = event instanceof ErrorEvent ? event.message : "it was refused";
      reject(new Error(`Cannot connect to ${url}: ${detail}`));
    };
  });
}
