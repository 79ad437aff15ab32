import { assertEquals, assertRejects, assertThrows } from "@std/assert";
import { SandboxError } from "../../src/errors.ts";
import { settled } from "./fake_clock.ts";
import { TestManager } from "./test_manager.ts";

const MINUTE = 60_000;

Deno.test("Session does not idle out while a file is on its way, and does afterwards", async () => {
  await using test = new TestManager();
  const [session] = await test.open();
  const use = session.use();
  await test.clock.advance(29 * MINUTE);
  assertEquals([session.isBusy, session.state], [true, "Active"]);
  await test.clock.advance(60 * MINUTE);
  assertEquals(session.state, "Active");
  use[Symbol.dispose]();
  use[Symbol.dispose]();
  assertEquals([session.isBusy, session.state], [false, "Idle"]);
  await test.clock.advance(29 * MINUTE);
  assertEquals(session.state, "Idle");
  await test.clock.advance(2 * MINUTE);
  await settled();
  assertEquals(session.state, "Closed");
});

Deno.test("Session breaks off what is on its way when it closes", async () => {
  await using test = new TestManager();
  const [session] = await test.open();
  const { signal } = session.use();
  const closed = session.close("client");
  assertEquals(signal.aborted, true);
  assertEquals((signal.reason as SandboxError).code, "session_closed");
  assertThrows(() => session.use(), SandboxError, "closed");
  await closed;
});

Deno.test("Session.use() bounds how many there are", async () => {
  await using test = new TestManager();
  const [session] = await test.open();
  const uses = Array.from({ length: 64 }, () => session.use());
  const error = assertThrows(() => session.use(), SandboxError);
  assertEquals(error.code, "rate_limited");
  uses.pop()![Symbol.dispose]();
  session.use()[Symbol.dispose]();
  for (const use of uses) use[Symbol.dispose]();
  await session.idle();
});

Deno.test("SessionManager.transfer() gives a session to its caller, and to whom nobody has to be", async () => {
  await using test = new TestManager();
  const [{ id }, sandbox] = await test.open();
  sandbox.files.content.set("a", new Uint8Array([1, 2, 3]));
  for (const caller of ["anonymous", undefined]) {
    using transfer = test.manager.transfer(id, caller);
    const { content, size } = await transfer.open("a", {});
    assertEquals([size, await new Response(content).bytes()], [3, new Uint8Array([1, 2, 3])]);
  }
  assertThrows(() => test.manager.transfer(id, "other"), SandboxError, "Session not found");
  assertThrows(() => test.manager.transfer("none", undefined), SandboxError, "Session not found");
  assertEquals(test.manager.get(id, { caller: "anonymous" }).isBusy, false);
  await test.manager.shutdown(0);
  await assertRejects(async () => await test.manager.transfer(id, undefined), SandboxError, "down");
});
