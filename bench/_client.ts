import type { MethodInput, MethodName, MethodResult } from "../src/protocol/methods.ts";

/** How long one call may take, in milliseconds: a benchmark that hangs measures nothing. */
const CALL_TIMEOUT_MS = 60_000;

/** What a client needs of a connection. */
export interface ClientSocket {
  send(text: string): void;
  close(): void;
  /** Called once: hands on what comes, and says when the connection has closed. */
  listen(onText: (text: string) => void, onClose: (code: number) => void): void;
}

interface PendingCall {
  resolve(result: unknown): void;
  reject(reason: Error): void;
  readonly timer: ReturnType<typeof setTimeout>;
}

/** A JSON-RPC client over one WebSocket, typed by the contract. */
export class BenchClient implements Disposable {
  readonly #socket: ClientSocket;
  readonly #pending = new Map<number, PendingCall>();
  #nextId = 1;
  #end: Error | undefined;

  private constructor(socket: ClientSocket) {
    this.#socket = socket;
    socket.listen(
      (text) => this.#answer(text),
      (code) => this.#fail(new Error(`Connection closed with code ${code}`)),
    );
  }

  /** Connects, by Deno's `WebSocket` or otherwise; rejects if the server does not accept. */
  static async connect(
    url: string,
    open: (url: string) => Promise<ClientSocket> = openClientSocket,
  ): Promise<BenchClient> {
    return new BenchClient(await open(url));
  }

  /** Calls a method; rejects on an error response, on a closed connection and after a minute. */
  call<K extends MethodName>(
    method: K,
    params: MethodInput<K>,
  ): Promise<MethodResult<K>> {
    if (this.#end !== undefined) return Promise.reject(this.#end);
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
    this.#end ??= reason;
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

async function openClientSocket(url: string): Promise<ClientSocket> {
  const socket = await openSocket(url);
  return {
    send: (text) => socket.send(text),
    close: () => socket.close(),
    listen(onText, onClose) {
      socket.onmessage = ({ data }) => onText(String(data));
      socket.onclose = ({ code }) => onClose(code);
    },
  };
}
