import { assert, assertEquals, assertMatch, assertStrictEquals } from "@std/assert";
import { CommandError, InvalidParamsError, SandboxError } from "../../src/errors.ts";
import type { SandboxErrorCode } from "../../src/errors.ts";
import { standardError } from "../../src/rpc/rpc_error.ts";
import { toRpcError } from "../../src/rpc/to_rpc_error.ts";

function unreported(): never {
  throw new Error("Expected nothing to be reported");
}

Deno.test("toRpcError() gives every domain code its number", () => {
  const numbers = {
    "invalid_params": -32602,
    "session_not_found": -32001,
    "execution_not_found": -32001,
    "session_limit_reached": -32002,
    "runtime_unavailable": -32003,
    "unauthorized": -32004,
    "queue_full": -32005,
    "rate_limited": -32005,
    "too_large": -32006,
    "session_closed": -32007,
    "context_not_found": -32001,
    "watch_not_found": -32001,
    "shell_not_found": -32001,
    "context_limit_reached": -32002,
    "watch_limit_reached": -32002,
    "process_not_found": -32001,
    "process_limit_reached": -32002,
    "process_ended": -32009,
    "stdin_closed": -32009,
    "exited_before_ready": -32009,
    "timed_out": -32009,
    "not_supported": -32009,
    "shutting_down": -32008,
  } satisfies Record<SandboxErrorCode, number>;
  for (const [code, number] of Object.entries(numbers)) {
    const error = toRpcError(
      new SandboxError(code as SandboxErrorCode, "what happened", { data: { retryAfterMs: 5 } }),
      unreported,
    );
    assertEquals([error.code, error.data.reason, error.data.retryAfterMs], [number, code, 5]);
    assert(error.message.endsWith("what happened"));
  }
});

Deno.test("toRpcError() puts the issues of invalid params beside their text", () => {
  const issues = [{ path: ["command", "path"], message: "Path is empty" }];
  const error = toRpcError(new InvalidParamsError(issues), unreported);
  assertEquals(error.message, "Invalid params: command.path: Path is empty");
  assertEquals(error.data, { issues, reason: "invalid_params" });
});

Deno.test("toRpcError() makes an issue of invalid params that have none", () => {
  const error = toRpcError(new SandboxError("invalid_params", "too odd"), unreported);
  assertEquals(error.data.issues, [{ path: [], message: "too odd" }]);
});

Deno.test("toRpcError() passes an RpcError on", () => {
  const error = standardError("parse_error");
  assertStrictEquals(toRpcError(error, unreported), error);
});

Deno.test("toRpcError() hides everything else behind a reference", () => {
  const secret = "/home/someone/secret";
  for (const thrown of [new Error(secret), new CommandError(secret), secret, undefined, null, 1n]) {
    const reports: [string, unknown][] = [];
    const error = toRpcError(thrown, (...report) => void reports.push(report));
    const reference = error.data.reference as string;
    assertEquals(reports, [[reference, thrown]]);
    assertEquals(error.code, -32603);
    assertEquals(error.data, { reason: "internal_error", reference });
    assertMatch(
      error.message,
      /^Internal error: see the server's log for reference [0-9a-f-]{36}$/,
    );
  }
});
