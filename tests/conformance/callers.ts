import type { OutputChunk } from "../../src/protocol/execution.ts";
import type { MethodResult } from "../../src/protocol/methods.ts";
import type { RpcMessage } from "../testutil/rpc_client.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import type { ServerProcess } from "../testutil/server_process.ts";
import { until } from "../testutil/within.ts";
import type { Call, TransportName } from "./scenario.ts";

const WAIT_MS = 20_000;

/** What of a process's output is read. */
export interface ReadOptions {
  /** The first chunk wanted. */
  readonly seq: number;
  /** Whether all there will be is read, rather than some. */
  readonly toEnd: boolean;
}

/** A client of one transport. */
export interface Caller extends AsyncDisposable {
  /** Sends a call at once and returns its answer. */
  call(call: Call): Promise<RpcMessage>;
  /** Sends calls as one batch and returns the answers. */
  batch(calls: readonly Call[]): Promise<RpcMessage[]>;
  /** Waits for a notification that fits. */
  notified(method: string, fits: (params: unknown) => boolean): Promise<void>;
  /** Reads the output of a process in the way of the transport; once on a connection. */
  read(processId: string, options: ReadOptions): Promise<OutputChunk[]>;
  /** Fails if something was answered more than once. */
  assertAnsweredOnce(): void;
}

/** Opens a client of a transport. */
export function openCaller(name: TransportName, server: ServerProcess): Promise<Caller> {
  return name === "websocket" ? WebSocketCaller.open(server.wsUrl) : HttpCaller.open(server.url);
}

class WebSocketCaller implements Caller {
  readonly #client: RpcClient;
  #batches = 0;

  private constructor(client: RpcClient) {
    this.#client = client;
  }

  static async open(url: string): Promise<Caller> {
    return new WebSocketCaller(await RpcClient.connect(url));
  }

  call({ method, params }: Call): Promise<RpcMessage> {
    return this.#client.call(method, params);
  }

  async batch(calls: readonly Call[]): Promise<RpcMessage[]> {
    if (this.#batches++ > 0) throw new Error("Expected at most one batch of a scenario");
    this.#client.sendRaw(JSON.stringify(numbered(calls)));
    return inOrder(await this.#client.nextBatch());
  }

  async notified(method: string, fits: (params: unknown) => boolean): Promise<void> {
    const isIt = (message: RpcMessage) => message.method === method && fits(message.params);
    await this.#client.next(isIt, undefined, method);
  }

  async read(processId: string, { seq, toEnd }: ReadOptions): Promise<OutputChunk[]> {
    const { chunks, state } = await this.#client.request("process.attach", { processId, seq });
    if (state !== "ended") {
      const awaited = toEnd ? ["process.exit"] : ["process.exit", "process.output"];
      await this.#client.next(({ method = "", params }) =>
        awaited.includes(method) && params?.processId === processId
      );
    }
    const told = this.#client.notifications("process.output") as unknown as OutputChunk[];
    return [...chunks, ...told];
  }

  assertAnsweredOnce(): void {
    const ids = this.#client.messages.flatMap(({ id }) => id === undefined ? [] : [id]);
    const twice = ids.filter((id, index) => ids.indexOf(id) !== index);
    if (twice.length > 0) throw new Error(`Expected one answer, got more to ${twice.join(", ")}`);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.close();
  }
}

class HttpCaller implements Caller {
  readonly #url: string;
  readonly #client = Deno.createHttpClient({});

  private constructor(url: string) {
    this.#url = `${url}/rpc`;
  }

  static open(url: string): Promise<Caller> {
    return Promise.resolve(new HttpCaller(url));
  }

  async call(call: Call): Promise<RpcMessage> {
    return await this.#post({ jsonrpc: "2.0", id: 1, ...call }) as RpcMessage;
  }

  async batch(calls: readonly Call[]): Promise<RpcMessage[]> {
    return inOrder(await this.#post(numbered(calls)) as RpcMessage[]);
  }

  notified(method: string): Promise<void> {
    return Promise.reject(new Error(`Cannot wait for ${method}: nothing is told over HTTP`));
  }

  async read(processId: string, { seq, toEnd }: ReadOptions): Promise<OutputChunk[]> {
    const read: OutputChunk[] = [];
    const isEnough = async () => {
      const params = { processId, seq: seq + read.length };
      const { result } = await this.call({ method: "process.attach", params });
      const { chunks, state } = result as MethodResult<"process.attach">;
      read.push(...chunks);
      return state === "ended" || (!toEnd && read.length > 0);
    };
    await until(isEnough, WAIT_MS, "output of the process");
    return read;
  }

  /** A body holds one answer, or one array of them. */
  assertAnsweredOnce(): void {}

  [Symbol.asyncDispose](): Promise<void> {
    this.#client.close();
    return Promise.resolve();
  }

  async #post(message: unknown): Promise<unknown> {
    const response = await fetch(this.#url, {
      client: this.#client,
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify(message),
    });
    return await response.json();
  }
}

function numbered(calls: readonly Call[]): unknown[] {
  return calls.map((call, id) => ({ jsonrpc: "2.0", id, ...call }));
}

function inOrder(answers: readonly RpcMessage[]): RpcMessage[] {
  return answers.toSorted((one, other) => Number(one.id) - Number(other.id));
}
