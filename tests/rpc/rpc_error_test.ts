import { assertEquals } from "@std/assert";
import { standardError } from "../../src/rpc/rpc_error.ts";

Deno.test("standardError() begins with the standard text", () => {
  const cases = [
    ["parse_error", -32700, "Parse error"],
    ["invalid_request", -32600, "Invalid Request"],
    ["method_not_found", -32601, "Method not found"],
    ["invalid_params", -32602, "Invalid params"],
    ["internal_error", -32603, "Internal error"],
  ] as const;
  for (const [reason, code, text] of cases) {
    const { code: actual, message, data } = standardError(reason);
    assertEquals([actual, message, data], [code, text, { reason }]);
    assertEquals(standardError(reason, "more").message, `${text}: more`);
  }
});

Deno.test("standardError() keeps its reason whatever the data says", () => {
  assertEquals(standardError("parse_error", "", { reason: "other", at: 1 }).data, {
    reason: "parse_error",
    at: 1,
  });
});
