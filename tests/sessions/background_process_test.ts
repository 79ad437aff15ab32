import { assertEquals, assertRejects } from "@std/assert";
import { CommandError, SandboxError } from "../../src/errors.ts";
import type { ProcessControl } from "../../src/runtimes/runtime.ts";
import { BackgroundProcess } from "../../src/sessions/background_process.ts";
import { settled } from "./fake_clock.ts";

function setUp({ takesInput = true }: { takesInput?: boolean } = {}) {
  const process = new BackgroundProcess({
    command: "cat",
    args: [],
    takesInput,
    maxWaitingBytes: 10,
  });
  const calls: string[] = [];
  let room = Promise.withResolvers<void>();
  room.resolve();
  const control: ProcessControl = {
    pid: 7,
    async write(bytes) {
      calls.push(`write ${new TextDecoder().decode(bytes)}`);
      await room.promise;
    },
    closeStdin: () => Promise.resolve(void calls.push("close")),
    signal: (name, target) => Promise.resolve(void calls.push(`${name} ${target}`)),
    resize: ({ cols, rows }) => Promise.resolve(void calls.push(`resize ${cols} ${rows}`)),
  };
  const block = () => room = Promise.withResolvers<void>();
  return { process, control, calls, block, unblock: () => room.resolve() };
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function codeOf(action: Promise<unknown>): Promise<string> {
  return (await assertRejects(() => action, SandboxError)).code;
}

Deno.test("BackgroundProcess keeps what is written before it has started, in order", async () => {
  const { process, control, calls } = setUp();
  const done = [process.write(bytes("a")), process.write(bytes("b")), process.closeStdin()];
  await settled();
  assertEquals([calls, process.pid], [[], undefined]);
  process.started(control);
  await Promise.all(done);
  assertEquals([calls, process.pid], [["write a", "write b", "close"], 7]);
  await process.closeStdin();
  assertEquals(calls.length, 3);
});

Deno.test("BackgroundProcess takes no input where that was given, or closed", async () => {
  const given = setUp({ takesInput: false });
  given.process.started(given.control);
  assertEquals(await codeOf(given.process.write(bytes("x"))), "stdin_closed");
  const closed = setUp();
  closed.process.started(closed.control);
  await closed.process.closeStdin();
  assertEquals(await codeOf(closed.process.write(bytes("x"))), "stdin_closed");
});

Deno.test("BackgroundProcess bounds what waits for it to be read", async () => {
  const { process, control, block, unblock } = setUp();
  process.started(control);
  block();
  const first = process.write(bytes("more than the bound"));
  assertEquals(await codeOf(process.write(bytes("x"))), "queue_full");
  unblock();
  await first;
  await process.write(bytes("x"));
});

Deno.test("BackgroundProcess says so when it has ended, also to those who wait for its start", async () => {
  const { process } = setUp();
  const written = codeOf(process.write(bytes("x")));
  const signaled = codeOf(process.signal("SIGINT", "process"));
  process.ended();
  assertEquals([await written, await signaled], ["process_ended", "process_ended"]);
  assertEquals(await codeOf(process.write(bytes("x"))), "process_ended");
  assertEquals(await codeOf(process.closeStdin()), "process_ended");
});

Deno.test("BackgroundProcess.signal() hands on what it is told, and why it cannot be", async () => {
  const { process, control, calls } = setUp();
  const refuse = () => Promise.reject(new CommandError("Cannot send it"));
  process.started({
    ...control,
    signal: (name, target) => name === "SIGHUP" ? refuse() : control.signal(name, target),
  });
  await process.signal("SIGTERM", "group");
  assertEquals(calls, ["SIGTERM group"]);
  assertEquals(await codeOf(process.signal("SIGHUP", "process")), "not_supported");
});

Deno.test("BackgroundProcess.resize() passes a size on to what has a terminal", async () => {
  const { process: without, control: unused } = setUp();
  without.started(unused);
  assertEquals(await codeOf(without.resize({ cols: 1, rows: 1 })), "not_supported");
  const { control, calls } = setUp();
  const shown: unknown[] = [];
  const screen = {
    isKept: true,
    endedBytes: 0,
    resize: (size: unknown) => void shown.push(size),
    snapshot: () => Promise.reject(new Error("unimplemented")),
    end: () => Promise.resolve(),
  };
  const process = new BackgroundProcess({
    command: "bash",
    args: [],
    takesInput: true,
    maxWaitingBytes: 10,
    terminal: { size: { cols: 80, rows: 24 }, screen },
  });
  process.started(control);
  await process.resize({ cols: 100, rows: 30 });
  assertEquals([calls, shown], [["resize 100 30"], [{ cols: 100, rows: 30 }]]);
  assertEquals(process.terminal?.size, { cols: 100, rows: 30 });
  process.ended();
  assertEquals(await codeOf(process.resize({ cols: 1, rows: 1 })), "process_ended");
});
