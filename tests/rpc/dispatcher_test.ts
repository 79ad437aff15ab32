import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { SandboxError } from "../../src/errors.ts";
import {
  type CallRecord,
  Dispatcher,
  type DispatcherOptions,
  type InternalErrorRecord,
} from "../../src/rpc/dispatcher.ts";
import type { CallContext, RpcMethodTable } from "../../src/rpc/peer.ts";
import { MemoryPeer } from "./memory_peer.ts";

const anything = z.looseObject({});

interface Answer {
  id: unknown;
  result?: unknown;
  error?: { code: number; message: string; data: Record<string, unknown> };
}

function setUp(methods: RpcMethodTable, options?: DispatcherOptions) {
  const peer = new MemoryPeer();
  const dispatcher = new Dispatcher(methods, options);
  const handle = (message: unknown) => dispatcher.handle(JSON.stringify(message), peer);
  const call = async (method: string, params?: unknown, id: unknown = 1): Promise<Answer> => {
    const text = await handle({ jsonrpc: "2.0", id, method, params });
    return JSON.parse(text!);
  };
  return { peer, dispatcher, handle, call };
}

function thrower(thrown: unknown) {
  return {
    params: anything,
    handler() {
      throw thrown;
    },
  };
}

Deno.test("Dispatcher.handle() answers a request with its result", async () => {
  const { call } = setUp({
    echo: { params: z.strictObject({ a: z.int().default(5) }), handler: (params) => params },
    nothing: { params: anything, handler: () => undefined },
    later: { params: anything, handler: () => Promise.resolve("later") },
  });
  assertEquals(await call("echo", { a: 1 }), { jsonrpc: "2.0", id: 1, result: { a: 1 } } as Answer);
  assertEquals((await call("echo")).result, { a: 5 });
  assertEquals((await call("echo", [])).result, { a: 5 });
  assertEquals((await call("nothing")).result, null);
  assertEquals((await call("later", {}, null)).id, null);
});

Deno.test("Dispatcher.handle() passes the context", async () => {
  const contexts: CallContext[] = [];
  const { call, peer } = setUp({
    m: { params: anything, handler: (_, context) => void contexts.push(context) },
  });
  await call("m");
  await call("m");
  assertEquals(contexts.map((context) => context.peer), [peer, peer]);
  assertEquals(new Set(contexts.map(({ requestId }) => requestId)).size, 2);
  assertEquals(contexts[0]!.signal.aborted, false);
  peer.leave();
  assertEquals(contexts[0]!.signal.aborted, true);
});

Deno.test("Dispatcher.handle() finds own methods only, and suggests the nearest", async () => {
  const { call } = setUp({ "session.get": { params: anything, handler: () => 1 } });
  for (const method of ["__proto__", "constructor", "toString", "hasOwnProperty", "", "rpc.any"]) {
    const { error } = await call(method, {});
    assertEquals([error?.code, error?.data.reason], [-32601, "method_not_found"], method);
  }
  const { error } = await call("session.foo");
  assertEquals(error?.message, `Method not found: "session.foo", did you mean "session.get"?`);
  assert((await call("m".repeat(1_000_000))).error!.message.length < 200);
});

Deno.test("Dispatcher.handle() answers invalid params with their issues", async () => {
  let calls = 0;
  const { call } = setUp({
    m: { params: z.strictObject({ a: z.string() }), handler: () => calls++ },
  });
  const { error } = await call("m", { a: 1 });
  assertEquals(error, {
    code: -32602,
    message: "Invalid params: a: Expected a string, received 1",
    data: {
      reason: "invalid_params",
      issues: [{ path: ["a"], message: "Expected a string, received 1" }],
    },
  });
  assertEquals((await call("m", ["a"])).error?.code, -32602);
  assertEquals((await call("m")).error?.code, -32602);
  assertEquals(calls, 0);
});

Deno.test("Dispatcher.handle() answers once whatever the handler does", async (t) => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  const internals: InternalErrorRecord[] = [];
  const { call } = setUp({
    sync: thrower(new Error("/secret/path")),
    rejects: { params: anything, handler: () => Promise.reject(new Error("/secret/path")) },
    "throws nothing": thrower(undefined),
    bigint: { params: anything, handler: () => ({ size: 1n }) },
    cycle: { params: anything, handler: () => cycle },
    function: { params: anything, handler: () => () => 1 },
    "async schema": {
      params: anything.refine(() => Promise.resolve(true)),
      handler: () => 1,
    },
    toJSON: {
      params: anything,
      handler: () => ({
        toJSON() {
          throw new Error("/secret/path");
        },
      }),
    },
  }, { onInternalError: (record) => void internals.push(record) });
  const names = [
    "sync",
    "rejects",
    "throws nothing",
    "bigint",
    "cycle",
    "function",
    "async schema",
    "toJSON",
  ];
  for (const name of names) {
    await t.step(name, async () => {
      const answer = await call(name, {}, name);
      assertEquals([answer.id, answer.error?.code], [name, -32603]);
      const record = internals.at(-1)!;
      assertEquals(answer.error?.data, {
        reason: "internal_error",
        reference: record.reference,
      });
      assertEquals(record.method, name);
      assert(!JSON.stringify(answer).includes("secret"));
    });
  }
});

Deno.test("Dispatcher.handle() answers a domain error with its number", async () => {
  const { call } = setUp({
    m: thrower(new SandboxError("queue_full", "Full", { data: { retryAfterMs: 5 } })),
  });
  assertEquals((await call("m")).error, {
    code: -32005,
    message: "Full",
    data: { reason: "queue_full", retryAfterMs: 5 },
  });
});

Deno.test("Dispatcher.handle() says nothing to a notification", async () => {
  let calls = 0;
  const records: CallRecord[] = [];
  const { handle } = setUp({
    ok: { params: z.strictObject({}), handler: () => ++calls },
    fails: thrower(new Error("x")),
  }, { onCall: (record) => void records.push(record) });
  for (const method of ["ok", "fails", "unknown"]) {
    assertEquals(await handle({ jsonrpc: "2.0", method }), undefined);
  }
  assertEquals(await handle({ jsonrpc: "2.0", method: "ok", params: { x: 1 } }), undefined);
  assertEquals(calls, 1);
  assertEquals(records.map(({ error }) => error?.code), [undefined, -32603, -32601, -32602]);
});

Deno.test("Dispatcher.handle() invokes handlers before it returns, in order of arrival", async () => {
  const begun: number[] = [];
  const first = Promise.withResolvers<void>();
  const { handle } = setUp({
    m: {
      params: z.strictObject({ n: z.int() }),
      handler: ({ n }) => {
        begun.push(n);
        return n === 1 ? first.promise : n;
      },
    },
  });
  const request = (n: number) => ({ jsonrpc: "2.0", id: n, method: "m", params: { n } });
  const one = handle(request(1));
  assertEquals(begun, [1]);
  const batch = handle([request(2), request(3), request(4)]);
  assertEquals(begun, [1, 2, 3, 4]);
  const five = handle(request(5));
  assertEquals(begun, [1, 2, 3, 4, 5]);
  assertEquals(JSON.parse((await five)!).result, 5);
  assertEquals(JSON.parse((await batch)!).map((answer: Answer) => answer.result), [2, 3, 4]);
  first.resolve();
  assertEquals(JSON.parse((await one)!), { jsonrpc: "2.0", id: 1, result: null });
});

Deno.test("Dispatcher.handle() answers both of two requests with one id", async () => {
  const { handle } = setUp({ m: { params: anything, handler: ({ n }) => n } });
  const request = (n: number) => ({ jsonrpc: "2.0", id: "same", method: "m", params: { n } });
  const answers = JSON.parse((await handle([request(1), request(2)]))!) as Answer[];
  assertEquals(answers.map(({ id, result }) => [id, result]), [["same", 1], ["same", 2]]);
});

Deno.test("Dispatcher.handle() refuses a batch that is too large without running any of it", async () => {
  let calls = 0;
  const { handle } = setUp({ m: { params: anything, handler: () => ++calls } });
  const answer = JSON.parse(
    (await handle(Array(10_000).fill({ jsonrpc: "2.0", id: 1, method: "m" })))!,
  );
  assertEquals([answer.id, answer.error.code, calls], [null, -32600, 0]);
});

Deno.test("Dispatcher.handle() refuses more requests than may be under way", async () => {
  const gate = Promise.withResolvers<string>();
  const { handle, call } = setUp(
    { wait: { params: anything, handler: () => gate.promise } },
    { maxInFlight: 2 },
  );
  const waiting = [call("wait", {}, "a"), call("wait", {}, "b")];
  const refused = await call("wait", {}, "c");
  assertEquals([refused.id, refused.error?.code], ["c", -32005]);
  assertEquals(refused.error?.data, { reason: "rate_limited", retryAfterMs: 100 });
  assertStringIncludes(refused.error!.message, "at most 2 at once");
  assertEquals(await handle({ jsonrpc: "2.0", method: "wait" }), undefined);
  const batch = JSON.parse((await handle([{ jsonrpc: "2.0", id: 1, method: "wait" }, 5]))!);
  assertEquals(batch.map((answer: Answer) => answer.error?.code), [-32005, -32600]);
  gate.resolve("done");
  assertEquals((await Promise.all(waiting)).map(({ result }) => result), ["done", "done"]);
  assertEquals((await call("wait", {}, "d")).result, "done");
});

Deno.test("Dispatcher.handle() tells onCall of every call", async () => {
  const records: CallRecord[] = [];
  const { call, peer } = setUp({ m: { params: anything, handler: () => 1 } }, {
    onCall: (record) => void records.push(record),
  });
  await call("m");
  await call("n".repeat(100));
  assertEquals(records.map(({ method }) => method), ["m", `${"n".repeat(50)}…`]);
  assertEquals(records.map((record) => record.peer), [peer, peer]);
  assertEquals(records.map(({ error }) => error?.code), [undefined, -32601]);
  assert(records.every(({ durationMs }) => durationMs >= 0));
});

Deno.test("Dispatcher.handle() answers although a callback throws", async () => {
  const fail = () => {
    throw new Error("log is full");
  };
  const { call } = setUp({
    m: { params: anything, handler: () => 1 },
    fails: thrower(new Error("x")),
  }, { onCall: fail, onInternalError: fail });
  assertEquals((await call("m")).result, 1);
  assertEquals((await call("fails")).error?.code, -32603);
});
