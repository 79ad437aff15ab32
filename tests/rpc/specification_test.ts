import { assertEquals } from "@std/assert";
import { z } from "zod";
import { Dispatcher } from "../../src/rpc/dispatcher.ts";
import type { RpcMethodTable } from "../../src/rpc/peer.ts";
import { MemoryPeer } from "./memory_peer.ts";

const numbers = z.array(z.number());
const anything = z.union([z.array(z.unknown()), z.looseObject({})]);

/** The methods that the examples of the JSON-RPC 2.0 specification call. */
const methods = {
  subtract: {
    params: z.union([
      z.tuple([z.number(), z.number()]),
      z.strictObject({ minuend: z.number(), subtrahend: z.number() }),
    ]),
    handler: (params: [number, number] | { minuend: number; subtrahend: number }) =>
      Array.isArray(params) ? params[0] - params[1] : params.minuend - params.subtrahend,
  },
  sum: {
    params: numbers,
    handler: (values: number[]) => values.reduce((total, value) => total + value, 0),
  },
  get_data: { params: anything, handler: () => ["hello", 5] },
  update: { params: anything, handler: () => "never seen" },
  notify_hello: { params: anything, handler: () => "never seen" },
  notify_sum: { params: anything, handler: () => "never seen" },
} as const satisfies RpcMethodTable;

/** An answer as the examples have it; of an error only the code and the standard text are fixed. */
type Expected = { result: unknown; id: unknown } | { code: number; text: string; id: unknown };

const parseError = { code: -32700, text: "Parse error", id: null };
const invalidRequest = { code: -32600, text: "Invalid Request", id: null };

const examples: { name: string; sent: string; answer: Expected | Expected[] | undefined }[] = [
  {
    name: "positional params",
    sent: `{"jsonrpc": "2.0", "method": "subtract", "params": [42, 23], "id": 1}`,
    answer: { result: 19, id: 1 },
  },
  {
    name: "positional params, other order",
    sent: `{"jsonrpc": "2.0", "method": "subtract", "params": [23, 42], "id": 2}`,
    answer: { result: -19, id: 2 },
  },
  {
    name: "named params",
    sent:
      `{"jsonrpc": "2.0", "method": "subtract", "params": {"subtrahend": 23, "minuend": 42}, "id": 3}`,
    answer: { result: 19, id: 3 },
  },
  {
    name: "named params, other order",
    sent:
      `{"jsonrpc": "2.0", "method": "subtract", "params": {"minuend": 42, "subtrahend": 23}, "id": 4}`,
    answer: { result: 19, id: 4 },
  },
  {
    name: "a notification",
    sent: `{"jsonrpc": "2.0", "method": "update", "params": [1,2,3,4,5]}`,
    answer: undefined,
  },
  {
    name: "a notification of an unknown method",
    sent: `{"jsonrpc": "2.0", "method": "foobar"}`,
    answer: undefined,
  },
  {
    name: "a method that does not exist",
    sent: `{"jsonrpc": "2.0", "method": "foobar", "id": "1"}`,
    answer: { code: -32601, text: "Method not found", id: "1" },
  },
  {
    name: "invalid JSON",
    sent: `{"jsonrpc": "2.0", "method": "foobar, "params": "bar", "baz]`,
    answer: parseError,
  },
  {
    name: "an invalid request",
    sent: `{"jsonrpc": "2.0", "method": 1, "params": "bar"}`,
    answer: invalidRequest,
  },
  {
    name: "a batch of invalid JSON",
    sent:
      `[{"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"}, {"jsonrpc": "2.0", "method"]`,
    answer: parseError,
  },
  { name: "an empty batch", sent: "[]", answer: invalidRequest },
  { name: "a batch of one invalid entry", sent: "[1]", answer: [invalidRequest] },
  {
    name: "a batch of invalid entries",
    sent: "[1,2,3]",
    answer: [invalidRequest, invalidRequest, invalidRequest],
  },
  {
    name: "a mixed batch",
    sent: `[
      {"jsonrpc": "2.0", "method": "sum", "params": [1,2,4], "id": "1"},
      {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]},
      {"jsonrpc": "2.0", "method": "subtract", "params": [42,23], "id": "2"},
      {"foo": "boo"},
      {"jsonrpc": "2.0", "method": "foo.get", "params": {"name": "myself"}, "id": "5"},
      {"jsonrpc": "2.0", "method": "get_data", "id": "9"}
    ]`,
    answer: [
      { result: 7, id: "1" },
      { result: 19, id: "2" },
      invalidRequest,
      { code: -32601, text: "Method not found", id: "5" },
      { result: ["hello", 5], id: "9" },
    ],
  },
  {
    name: "a batch of notifications",
    sent: `[
      {"jsonrpc": "2.0", "method": "notify_sum", "params": [1,2,4]},
      {"jsonrpc": "2.0", "method": "notify_hello", "params": [7]}
    ]`,
    answer: undefined,
  },
];

interface Response {
  jsonrpc: string;
  id: unknown;
  result?: unknown;
  error?: { code: number; message: string };
}

/** Takes from an answer what the examples fix. */
function summary(response: Response): Expected {
  const { jsonrpc, id, result, error } = response;
  assertEquals(jsonrpc, "2.0");
  assertEquals("result" in response, !("error" in response));
  if (error === undefined) return { result, id };
  return { code: error.code, text: error.message.split(":")[0]!, id };
}

Deno.test("Dispatcher.handle() answers as the JSON-RPC 2.0 specification's examples", async (t) => {
  const dispatcher = new Dispatcher(methods);
  for (const { name, sent, answer } of examples) {
    await t.step(name, async () => {
      const text = await dispatcher.handle(sent, new MemoryPeer());
      const parsed = text === undefined ? undefined : JSON.parse(text);
      const actual = Array.isArray(parsed) ? parsed.map(summary) : parsed && summary(parsed);
      assertEquals(actual, answer);
    });
  }
});

Deno.test("Dispatcher.handle() gives every kind of id back as it came", async () => {
  const dispatcher = new Dispatcher(methods);
  for (
    const id of ["1", "-1.5", "0", `""`, `"1"`, "null", `"\\u0000é😀"`, "18446744073709551615"]
  ) {
    const sent = `{"jsonrpc":"2.0","method":"get_data","id":${id}}`;
    const text = await dispatcher.handle(sent, new MemoryPeer());
    const { id: given } = JSON.parse(text!.replace(/"id":(\d{17,})/, '"id":"big $1"'));
    assertEquals(given, id.length > 16 && /^\d+$/.test(id) ? `big ${id}` : JSON.parse(id));
  }
});

Deno.test("Dispatcher.handle() keeps rpc.* apart: what is not served is not found", async () => {
  const sent = `{"jsonrpc":"2.0","method":"rpc.secret","id":1}`;
  const text = await new Dispatcher(methods).handle(sent, new MemoryPeer());
  assertEquals(JSON.parse(text!).error.code, -32601);
});
