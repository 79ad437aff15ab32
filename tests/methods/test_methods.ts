import {
  type MethodInput,
  type MethodName,
  type MethodResult,
  METHODS,
} from "../../src/protocol/methods.ts";
import { NOTIFICATIONS } from "../../src/protocol/notifications.ts";
import type { CallContext, Peer, RpcMethodTable } from "../../src/rpc/peer.ts";
import { RuntimeRegistry } from "../../src/runtimes/runtime_registry.ts";
import { createMethodTable } from "../../src/methods/table.ts";
import { TestManager } from "../sessions/test_manager.ts";

/** A client of a test: calls methods as the dispatcher does and keeps what it is told. */
export class TestPeer implements Peer {
  readonly #gone = new AbortController();
  readonly #table: RpcMethodTable;
  readonly id: string;
  readonly caller: string;
  readonly canNotify: boolean;
  hasRoom = true;
  readonly gone = this.#gone.signal;
  /** Notifications and, between them, `answer` and a method for each answer. */
  readonly told: [method: string, params: unknown][] = [];

  constructor(table: RpcMethodTable, id: string, caller = "anonymous", canNotify = true) {
    this.#table = table;
    this.id = id;
    this.caller = caller;
    this.canNotify = canNotify;
  }

  notify(method: string, params: unknown): void {
    const schema = NOTIFICATIONS[method as keyof typeof NOTIFICATIONS];
    this.told.push([method, schema.parse(params)]);
  }

  /** Calls a method, which is begun when this returns, and checks its result. */
  call<K extends MethodName>(method: K, params: MethodInput<K>): Promise<MethodResult<K>> {
    const { params: schema, handler } = this.#table[method]!;
    const context: CallContext = { peer: this, signal: this.gone, requestId: "r1" };
    let answer: unknown;
    try {
      answer = handler(schema.parse(params), context);
    } catch (error) {
      answer = Promise.reject(error);
    }
    return this.#check(method, Promise.resolve(answer));
  }

  /** Ends the connection. */
  drop(): void {
    this.#gone.abort();
  }

  async #check<K extends MethodName>(
    method: K,
    answer: Promise<unknown>,
  ): Promise<MethodResult<K>> {
    const result = await answer;
    this.told.push(["answer", method]);
    return METHODS[method].result.parse(result) as MethodResult<K>;
  }
}

/** The methods over fake sandboxes and a fake clock. */
export class TestMethods extends TestManager {
  readonly table: RpcMethodTable;
  readonly peer: TestPeer;

  constructor(...limits: ConstructorParameters<typeof TestManager>) {
    super(...limits);
    const { runtime } = this;
    runtime.status = () =>
      Promise.resolve({
        name: "deno",
        available: true,
        isolation: ["fake"],
        limits: {},
        details: {},
      });
    this.table = createMethodTable({
      sessions: this.manager,
      runtimes: new RuntimeRegistry([runtime]),
      version: "1.2.3",
      limits: { maxCodeBytes: 100 },
      urls: { sign: ({ method, pathname }) => Promise.resolve(`${pathname}?${method}`) },
    });
    this.peer = new TestPeer(this.table, "p1");
  }

  /** Another client. */
  connect(id: string, caller?: string, canNotify?: boolean): TestPeer {
    return new TestPeer(this.table, id, caller, canNotify);
  }

  /** Creates a session and returns its id. */
  async session(peer = this.peer): Promise<string> {
    return (await peer.call("session.create", { language: "deno" })).sessionId;
  }
}
