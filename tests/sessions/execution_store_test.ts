import { assert, assertEquals, assertThrows } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { succeeded } from "../../src/sessions/envelope.ts";
import { Execution } from "../../src/sessions/execution.ts";
import { ExecutionStore } from "../../src/sessions/execution_store.ts";
import { Expiry } from "../../src/sessions/expiry.ts";
import { FakeClock } from "./fake_clock.ts";

const RETENTION_MS = 600_000;

function setUp(bounds: { maxCount?: number; maxBytes?: number } = {}, retentionMs = RETENTION_MS) {
  const clock = new FakeClock();
  const expiry = new Expiry(clock);
  const store = new ExecutionStore({ clock, expiry, retentionMs, ...bounds });
  const start = (id: string, caller = "me") => {
    const execution = new Execution({
      id,
      caller,
      sessionId: "s1",
      command: "read_file",
      clock,
      onEnd: (ended) => store.retire(ended),
    });
    store.add(execution);
    return execution;
  };
  const end = (id: string, content = "") => {
    const execution = start(id);
    execution.end(succeeded(execution, { content, bytes: content.length }));
  };
  const has = (id: string) => {
    try {
      return store.get("me", id) !== undefined;
    } catch {
      return false;
    }
  };
  return { clock, store, start, end, has };
}

Deno.test("ExecutionStore keeps a result for its time after the end", async () => {
  const { clock, store, start, has } = setUp();
  const execution = start("a");
  await clock.advance(10 * RETENTION_MS);
  assertEquals(has("a"), true);
  execution.end(succeeded(execution, { path: "p" }));
  await clock.advance(RETENTION_MS - 1);
  assertEquals(store.get("me", "a").envelope?.result, { path: "p" });
  await clock.advance(1);
  assertEquals(has("a"), false);
  assertEquals([store.kept, clock.timers], [{ count: 0, bytes: 0 }, 0]);
});

Deno.test("ExecutionStore forgets each result at its own time, with one timer", async () => {
  const { clock, end, has } = setUp();
  for (const id of ["a", "b", "c"]) {
    end(id);
    await clock.advance(1000);
  }
  assertEquals(clock.timers, 1);
  await clock.advance(RETENTION_MS - 3000);
  assertEquals(["a", "b", "c"].map(has), [false, true, true]);
  await clock.advance(1000);
  assertEquals(["a", "b", "c"].map(has), [false, false, true]);
  await clock.advance(1000);
  assertEquals(has("c"), false);
});

Deno.test("ExecutionStore bounds the number and the bytes of results", () => {
  const few = setUp({ maxCount: 2 });
  for (const id of ["a", "b", "c"]) few.end(id);
  assertEquals(["a", "b", "c"].map(few.has), [false, true, true]);
  const small = setUp({ maxBytes: 40_000 });
  for (let i = 0; i < 10; i++) small.end(`${i}`, "x".repeat(4000));
  const { count, bytes } = small.store.kept;
  assert(count === 4 && bytes <= 40_000, `${count} results of ${bytes} bytes`);
  assertEquals(small.has("9"), true);
});

Deno.test("ExecutionStore does not keep one result at the cost of all the others", () => {
  const { store, end, has } = setUp({ maxBytes: 40_000 });
  end("small");
  end("huge", "x".repeat(10_000));
  assertEquals([has("small"), has("huge"), store.kept.count], [true, false, 1]);
});

Deno.test("ExecutionStore keeps nothing without a retention time", () => {
  const { store, end, has } = setUp({}, 0);
  end("a");
  assertEquals([has("a"), store.kept.count], [false, 0]);
});

Deno.test("ExecutionStore.add() refuses an id that its caller has in use", async () => {
  const { clock, start, end, has } = setUp();
  start("a");
  const error = assertThrows(() => start("a"), InvalidParamsError, '"a" is in use');
  assertEquals(error.issues[0]?.path, ["executionId"]);
  start("a", "somebody else");
  end("b");
  assertThrows(() => start("b"), InvalidParamsError);
  await clock.advance(RETENTION_MS);
  assertEquals(has("b"), false);
  start("b");
});

Deno.test("ExecutionStore.get() finds an execution by its caller, and its session if given", () => {
  const { store, start } = setUp();
  const execution = start("a");
  assertEquals(store.get("me", "a", "s1"), execution);
  for (const [caller, id, sessionId] of [["me", "b"], ["you", "a"], ["me", "a", "s2"]]) {
    const error = assertThrows(() => store.get(caller!, id!, sessionId), SandboxError);
    assertEquals([error.code, error.message], [
      "execution_not_found",
      `Execution not found: ${id}`,
    ]);
  }
});
