import { assertEquals, assertThrows } from "@std/assert";
import { SandboxError } from "../../src/errors.ts";
import { CommandQueue } from "../../src/sessions/command_queue.ts";
import { settled } from "./fake_clock.ts";

function setUp(maxWaiting = 3, maxBytes = 100) {
  const queue = new CommandQueue<string>({ maxWaiting, maxBytes });
  const log: string[] = [];
  const ends = new Map<string, () => void>();
  const task = (name: string) => () => {
    log.push(`${name} starts`);
    const { promise, resolve } = Promise.withResolvers<void>();
    ends.set(name, () => {
      log.push(`${name} ends`);
      resolve();
    });
    return promise;
  };
  const end = async (name: string) => {
    ends.get(name)!();
    await settled();
  };
  return { queue, log, task, end };
}

Deno.test("CommandQueue runs one after the other, in the order of arrival", async () => {
  const { queue, log, task, end } = setUp();
  for (const name of ["a", "b", "c"]) queue.add(name, task(name));
  assertEquals(log, ["a starts"], "the first starts before add() returns");
  assertEquals([queue.waiting, queue.running], [2, 1]);
  await end("a");
  await end("b");
  queue.add("d", task("d"));
  await end("c");
  await end("d");
  assertEquals(log.join(), "a starts,a ends,b starts,b ends,c starts,c ends,d starts,d ends");
  assertEquals([queue.waiting, queue.running], [0, 0]);
  queue.add("e", task("e"));
  assertEquals(log.at(-1), "e starts");
  await end("e");
});

Deno.test("CommandQueue lets a concurrent command overtake", async () => {
  const { queue, log, task, end } = setUp();
  queue.add("a", task("a"));
  queue.add("b", task("b"));
  queue.add("c", task("c"), { concurrent: true });
  assertEquals(log, ["a starts", "c starts"]);
  assertEquals([queue.waiting, queue.running], [1, 2]);
  await end("c");
  await end("a");
  await end("b");
  assertEquals(queue.running, 0);
});

Deno.test("CommandQueue refuses more than may wait", async () => {
  const { queue, task, end } = setUp();
  for (const name of ["a", "b", "c", "d"]) queue.add(name, task(name));
  const error = assertThrows(() => queue.add("e", task("e")), SandboxError);
  assertEquals(error.code, "queue_full");
  assertEquals(error.data.limit, 3);
  assertEquals(typeof error.data.retryAfterMs, "number");
  await end("a");
  queue.add("e", task("e"));
  for (const name of ["b", "c", "d", "e"]) await end(name);
});

Deno.test("CommandQueue bounds concurrent commands, too", async () => {
  const { queue, task, end } = setUp();
  for (const name of ["a", "b", "c"]) queue.add(name, task(name), { concurrent: true });
  assertThrows(() => queue.add("d", task("d"), { concurrent: true }), SandboxError);
  await end("b");
  queue.add("d", task("d"), { concurrent: true });
  for (const name of ["a", "c", "d"]) await end(name);
});

Deno.test("CommandQueue bounds the bytes that wait, but lets one command of any size", async () => {
  const { queue, task, end } = setUp(10, 100);
  queue.add("a", task("a"), { bytes: 1000 });
  queue.add("b", task("b"), { bytes: 1000 });
  assertThrows(() => queue.add("c", task("c"), { bytes: 1 }), SandboxError);
  await end("a");
  queue.add("c", task("c"), { bytes: 60 });
  assertThrows(() => queue.add("d", task("d"), { bytes: 60 }), SandboxError);
  await end("b");
  await end("c");
});

Deno.test("CommandQueue.remove() takes out what waits, and makes room", async () => {
  const { queue, log, task, end } = setUp();
  for (const name of ["a", "b", "c", "d"]) queue.add(name, task(name));
  assertEquals([queue.remove("c"), queue.remove("c"), queue.remove("a")], [true, false, false]);
  queue.add("e", task("e"));
  for (const name of ["a", "b", "d", "e"]) await end(name);
  assertEquals(log.includes("c starts"), false);
});

Deno.test("CommandQueue runs different lanes side by side, and each in turn", async () => {
  const { queue, log, task, end } = setUp(10);
  const add = (name: string, lane?: string) => queue.add(name, task(name), { lane });
  add("a1", "a");
  add("b1", "b");
  add("a2", "a");
  add("plain");
  add("c1", "c");
  assertEquals(log, ["a1 starts", "b1 starts"]);
  assertEquals([queue.waiting, queue.running], [3, 2]);
  await end("a1");
  assertEquals(log.at(-1), "a2 starts", "it came before the one without a lane");
  await end("b1");
  assertEquals(log.at(-1), "b1 ends", "the one without a lane waits for all before it");
  await end("a2");
  assertEquals(log.at(-1), "plain starts", "and what came after waits for it");
  await end("plain");
  assertEquals(log.at(-1), "c1 starts");
  await end("c1");
  assertEquals([queue.waiting, queue.running], [0, 0]);
});

Deno.test("CommandQueue.remove() lets in what a command without a lane kept waiting", async () => {
  const { queue, log, task, end } = setUp(10);
  queue.add("a1", task("a1"), { lane: "a" });
  queue.add("plain", task("plain"));
  queue.add("b1", task("b1"), { lane: "b" });
  queue.remove("plain");
  assertEquals(log.at(-1), "b1 starts");
  await end("a1");
  await end("b1");
});
