import { assertEquals, assertThrows } from "@std/assert";
import { encodeError, encodeNotification, encodeResult } from "../../src/rpc/encode.ts";
import { RpcError } from "../../src/rpc/rpc_error.ts";

Deno.test("encodeResult() writes a response", () => {
  assertEquals(encodeResult("a", { b: 1 }), `{"jsonrpc":"2.0","id":"a","result":{"b":1}}`);
  assertEquals(encodeResult(null, undefined), `{"jsonrpc":"2.0","id":null,"result":null}`);
});

Deno.test("encodeResult() throws for what JSON cannot say", () => {
  const cycle: Record<string, unknown> = {};
  cycle.self = cycle;
  for (const result of [1n, cycle, () => 1, Symbol("s")]) {
    assertThrows(() => encodeResult(1, result), TypeError);
  }
});

Deno.test("encodeError() writes a response with code, message and data", () => {
  const error = new RpcError(-32001, "gone", { reason: "session_not_found", sessionId: "s" });
  assertEquals(JSON.parse(encodeError(7, error)), {
    jsonrpc: "2.0",
    id: 7,
    error: { code: -32001, message: "gone", data: { reason: "session_not_found", sessionId: "s" } },
  });
});

Deno.test("encodeError() cuts data that JSON cannot say to its reason", () => {
  const error = new RpcError(-32001, "gone", { reason: "session_not_found", size: 1n });
  assertEquals(JSON.parse(encodeError(7, error)).error.data, { reason: "session_not_found" });
});

Deno.test("encodeNotification() writes a message without an id", () => {
  assertEquals(
    encodeNotification("m", { a: 1 }),
    `{"jsonrpc":"2.0","method":"m","params":{"a":1}}`,
  );
});
