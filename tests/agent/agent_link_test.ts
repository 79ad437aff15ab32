import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { AgentLostError, AgentRefusal } from "../../src/agent/agent_error.ts";
import { AgentLink } from "../../src/agent/agent_link.ts";
import type { AgentProcess } from "../../src/agent/agent_process.ts";
import { decodeJson, encodeCredit } from "../../src/agent/inside/frame_payload.ts";
import { READ_WINDOW_BYTES, STDIN_WINDOW_BYTES } from "../../src/agent/inside/protocol.ts";
import { until, within } from "../testutil/within.ts";
import { EXIT, FACTS, READY, ScriptedAgent, type SentFrame } from "./scripted_agent.ts";

const SPEC: AgentProcess = { argv: ["true"], cwd: "/", env: {} };
const NEVER = new AbortController().signal;
const IGNORE = { output: () => {}, signal: NEVER };
const WAIT_MS = 10_000;

async function openLink(
  options: Parameters<typeof AgentLink.open>[1] = {},
): Promise<{ agent: ScriptedAgent; link: AgentLink }> {
  const agent = new ScriptedAgent();
  agent.say("ready", 0, READY);
  return { agent, link: await AgentLink.open(agent, options) };
}

function json({ type, payload }: SentFrame): Record<string, unknown> {
  return decodeJson(type, payload);
}

async function errorOf(promise: Promise<unknown>): Promise<unknown> {
  return await within(promise.then(() => undefined, (error) => error), WAIT_MS, "an answer");
}

Deno.test("AgentLink.open() does wait for the agent and say what it is", async () => {
  const { link } = await openLink();
  assertEquals(link.ready.pid, 7);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.open() does fail with the channel closed if there is no agent of this version", async (t) => {
  const cases: [name: string, say: (agent: ScriptedAgent) => void, message: string][] = [
    ["the channel ends", (agent) => agent.sayBytes(null), "gone"],
    ["the channel ends within a frame", (agent) => {
      agent.sayBytes(Uint8Array.of(0, 0));
      agent.sayBytes(null);
    }, "gone"],
    [
      "it is another program",
      (agent) => agent.sayBytes(new TextEncoder().encode("deno: not found")),
      "frame",
    ],
    ["it begins with something else", (agent) => agent.say("exit", 1, EXIT), '"exit"'],
    [
      "it is of another version",
      (agent) => agent.say("ready", 0, { ...READY, protocol: 99 }),
      "version 99",
    ],
    [
      "it does not say what it is",
      (agent) => agent.say("ready", 0, { protocol: READY.protocol }),
      '"ready"',
    ],
  ];
  for (const [name, say, message] of cases) {
    await t.step(`if ${name}`, async () => {
      const agent = new ScriptedAgent();
      say(agent);
      await assertRejects(() => AgentLink.open(agent), AgentLostError, message);
      assert(agent.disposed);
    });
  }
  await t.step("if it says nothing in time", async () => {
    const agent = new ScriptedAgent();
    await assertRejects(() => AgentLink.open(agent, { timeoutMs: 1 }), AgentLostError, "1 ms");
    assert(agent.disposed);
  });
  await t.step("if that is given up", async () => {
    const agent = new ScriptedAgent();
    const reason = new Error("no time");
    const signal = AbortSignal.abort(reason);
    assertEquals(await errorOf(AgentLink.open(agent, { signal })), reason);
    assert(agent.disposed);
  });
});

Deno.test("AgentLink.run() does send the program and hand on what it writes", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  const output: string[] = [];
  const pids: number[] = [];
  const run = link.run(SPEC, {
    ...IGNORE,
    output: (stream, bytes) => output.push(`${stream} ${new TextDecoder().decode(bytes)}`),
    started: (pid) => pids.push(pid),
  });
  const { id, ...frame } = await asked;
  assertEquals(json({ id, ...frame }), { op: "spawn", ...SPEC, stdin: "none" });
  agent.say("started", id, { pid: 12 });
  agent.say("stdout", id, new TextEncoder().encode("out"));
  agent.say("stderr", id, new TextEncoder().encode("err"));
  agent.say("exit", id, { ...EXIT, code: 3, cpuMs: 1.5 });
  assertEquals(await run, { ...EXIT, code: 3, cpuMs: 1.5 });
  assertEquals(output, ["stdout out", "stderr err"]);
  assertEquals(pids, [12]);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.run() does send files ahead of the program, which waits for them", async () => {
  const { agent, link } = await openLink();
  const ended = agent.next("end");
  const run = link.run(
    { ...SPEC, files: [{ path: "/f", content: "text" }], remove: ["/f"] },
    IGNORE,
  );
  const { id } = await ended;
  const [write, spawn] = agent.frames.filter(({ type }) => type === "request").map(json);
  assertEquals(write, { op: "write", path: "/f" });
  assertEquals(new TextDecoder().decode(agent.sent("data", id)[0]!.payload), "text");
  assertEquals([spawn!.after, spawn!.remove], [[id], ["/f"]]);
  agent.say("fail", id, { code: "ENOSPC", message: "full" });
  agent.say("fail", id + 1, { code: "ENOSPC", message: "full" });
  const error = await errorOf(run);
  assertInstanceOf(error, AgentRefusal);
  assertEquals(error.code, "ENOSPC");
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.run() does stop what is aborted, and not start what was aborted before", async () => {
  const { agent, link } = await openLink();
  const aborted = await link.run(SPEC, { ...IGNORE, signal: AbortSignal.abort() });
  assertEquals([aborted.stopped, agent.frames.length], [true, 0]);

  const controller = new AbortController();
  const asked = agent.next("request");
  const stopped = agent.next("stop");
  const run = link.run(SPEC, { ...IGNORE, signal: controller.signal, graceMs: 70 });
  const { id } = await asked;
  controller.abort();
  assertEquals(json(await stopped), { graceMs: 70 });
  agent.say("exit", id, { ...EXIT, code: null, signal: "SIGTERM", stopped: true });
  assertEquals((await run).stopped, true);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.run() does not leave a listener on the signal", async () => {
  const { agent, link } = await openLink();
  let listeners = 0;
  const { signal } = new AbortController();
  const add = signal.addEventListener.bind(signal);
  const remove = signal.removeEventListener.bind(signal);
  signal.addEventListener = (...args: Parameters<typeof add>) => (listeners++, add(...args));
  signal.removeEventListener = (
    ...args: Parameters<typeof remove>
  ) => (listeners--, remove(...args));
  const asked = agent.next("request");
  const run = link.run(SPEC, { ...IGNORE, signal });
  assertEquals(listeners, 1);
  agent.say("exit", (await asked).id, EXIT);
  await run;
  assertEquals(listeners, 0);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.run() does end the program whose listener throws, and no other", async () => {
  const { agent, link } = await openLink();
  const fault = new Error("full");
  const stopped = agent.next("stop");
  const asked = agent.next("request");
  const run = errorOf(link.run(SPEC, {
    ...IGNORE,
    output: () => {
      throw fault;
    },
  }));
  const { id } = await asked;
  const nextAsked = agent.next("request");
  const other = link.run(SPEC, IGNORE);
  const { id: otherId } = await nextAsked;
  agent.say("stdout", id, Uint8Array.of(1));
  assertEquals(json(await stopped), { graceMs: 0 });
  agent.say("exit", id, { ...EXIT, stopped: true });
  agent.say("exit", otherId, EXIT);
  assertEquals(await run, fault);
  assertEquals((await other).code, 0);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.run() does refuse what is too long to be asked, and goes on", async () => {
  const { agent, link } = await openLink();
  const argv: [string, ...string[]] = ["echo", "x".repeat(2 ** 20)];
  const error = await errorOf(link.run({ ...SPEC, argv }, IGNORE));
  assertInstanceOf(error, AgentRefusal);
  assertEquals(error.code, "E2BIG");
  const asked = agent.next("request");
  const run = link.run(SPEC, IGNORE);
  agent.say("exit", (await asked).id, EXIT);
  await run;
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.lost does fail every request once, with how the agent was lost", async (t) => {
  const cases: [string, (agent: ScriptedAgent, id: number) => void, AgentLostError["reason"]][] = [
    ["the channel ends", (agent) => agent.sayBytes(null), "ended"],
    ["the channel ends within a frame", (agent) => {
      agent.sayBytes(Uint8Array.of(0, 0, 0, 9));
      agent.sayBytes(null);
    }, "ended"],
    ["it says nonsense", (agent) => agent.sayBytes(new Uint8Array(9).fill(255)), "protocol"],
    ["it answers nothing that was asked", (agent) => agent.say("exit", 99, EXIT), "protocol"],
    ["it answers with what is no answer", (agent, id) => agent.say("result", id, {}), "protocol"],
    ["it says what only we say", (agent, id) => agent.say("request", id, {}), "protocol"],
    [
      "it says a wrong exit",
      (agent, id) => agent.say("exit", id, { ...EXIT, code: "0" }),
      "protocol",
    ],
  ];
  for (const [name, say, reason] of cases) {
    await t.step(`if ${name}`, async () => {
      const { agent, link } = await openLink();
      const asked = agent.next("request");
      const run = errorOf(link.run(SPEC, IGNORE));
      const { id } = await asked;
      const requests = [
        run,
        errorOf(link.files.info("/a")),
        errorOf(link.files.read("/a", { maxBytes: 1 })),
        errorOf(link.files.write("/a", new Uint8Array(1))),
        errorOf(link.files.list("/")),
      ];
      say(agent, id);
      for (const error of await Promise.all(requests)) {
        assertInstanceOf(error, AgentLostError);
        assertEquals(error.reason, reason);
      }
      assertEquals((await link.lost).reason, reason);
      assert(agent.disposed);
      assertInstanceOf(await errorOf(link.run(SPEC, IGNORE)), AgentLostError);
      await link[Symbol.asyncDispose]();
    });
  }
});

Deno.test("AgentLink.lost does resolve when an agent that has something to do does not answer", async () => {
  const { agent, link } = await openLink({ silenceMs: 1, answerMs: 1 });
  const run = errorOf(link.run(SPEC, IGNORE));
  assertEquals((await within(link.lost, WAIT_MS, "the loss")).reason, "unresponsive");
  assertInstanceOf(await run, AgentLostError);
  const ops = agent.frames.filter(({ type }) => type === "request").map((frame) => json(frame).op);
  assertEquals(ops, ["spawn", "ping"]);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentLink.lost does not resolve while the agent answers that it is there", async () => {
  const { agent, link } = await openLink({ silenceMs: 1, answerMs: 60_000 });
  const asked = agent.next("request");
  const run = link.run(SPEC, IGNORE);
  const { id } = await asked;
  for (let round = 0; round < 3; round++) {
    const ping = await within(agent.next("request"), WAIT_MS, "the question");
    assertEquals(json(ping).op, "ping");
    agent.say("result", ping.id, {});
  }
  agent.say("exit", id, EXIT);
  assertEquals((await run).code, 0);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentProcessHandle.write() does send no more than there is room for, and hold up nobody", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  const process = link.start({ ...SPEC, keepStdin: true }, IGNORE);
  const { id } = await asked;
  const bytes = () => agent.sent("data", id).reduce((sum, { payload }) => sum + payload.length, 0);
  const written = process.write(new Uint8Array(STDIN_WINDOW_BYTES + 1000));

  const info = agent.next("request");
  const answer = link.files.info("/a");
  const entry = { name: "a", type: "file", size: 1, modifiedAt: "2020-01-01T00:00:00.000Z" };
  agent.say("result", (await info).id, entry);
  await answer;
  await until(() => bytes() === STDIN_WINDOW_BYTES, WAIT_MS, "all that there is room for");

  agent.say("credit", id, encodeCredit(400));
  agent.say("credit", id, encodeCredit(600));
  await written;
  const ended = agent.next("end");
  process.write(new Uint8Array(0));
  await process.closeStdin();
  await ended;
  assertEquals(bytes(), STDIN_WINDOW_BYTES + 1000);
  agent.say("exit", id, EXIT);
  await process.ended;
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentProcessHandle.write() does resolve when the program has ended without reading", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  const run = link.run({ ...SPEC, stdin: new Uint8Array(STDIN_WINDOW_BYTES * 3) }, IGNORE);
  const process = link.start({ ...SPEC, keepStdin: true }, IGNORE);
  const { id } = await asked;
  const written = process.write(new Uint8Array(STDIN_WINDOW_BYTES * 3));
  agent.say("exit", id, EXIT);
  agent.say("exit", id + 1, EXIT);
  assertEquals((await run).code, 0);
  await written;
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentProcessHandle.signal() does name the signal and of whom it is", async () => {
  const { agent, link } = await openLink();
  const process = link.start(SPEC, IGNORE);
  const sent = agent.next("signal");
  process.signal("SIGINT", "group");
  const { id, ...frame } = await sent;
  assertEquals(json({ id, ...frame }), { signal: "SIGINT", to: "group" });
  agent.say("exit", id, EXIT);
  await process.ended;
  process.signal("SIGINT");
  assertEquals(agent.sent("signal", id).length, 1);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.readStream() does keep no more than the window, and ask for more as it is read", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  const opening = link.files.readStream("/a", { maxBytes: 10 * READ_WINDOW_BYTES });
  const { id } = await asked;
  const length = 3 * READ_WINDOW_BYTES;
  agent.say("result", id, { size: length, length, ...FACTS });
  const { content } = await opening;
  const piece = new Uint8Array(READ_WINDOW_BYTES / 2);
  for (let sent = 0; sent < READ_WINDOW_BYTES; sent += piece.length) agent.say("data", id, piece);
  const reader = content.getReader();
  const credit = agent.next("credit");
  assertEquals((await reader.read()).value?.length, piece.length);
  assertEquals(new DataView((await credit).payload.buffer).getUint32(0), piece.length);
  // One byte more than it was told to be room for.
  agent.say("data", id, piece);
  agent.say("data", id, Uint8Array.of(1));
  assertEquals((await link.lost).reason, "protocol");
  await assertRejects(() => reader.read(), AgentLostError);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.read() does take a file that became shorter, and refuse more than was asked for", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  const reading = link.files.read("/a", { maxBytes: 10 });
  const { id } = await asked;
  agent.say("result", id, { size: 10, length: 10, ...FACTS });
  agent.say("data", id, Uint8Array.of(1, 2, 3));
  agent.say("end", id);
  assertEquals(await reading, { content: Uint8Array.of(1, 2, 3), size: 10 });

  const askedAgain = agent.next("request");
  const tooMuch = errorOf(link.files.read("/a", { maxBytes: 10 }));
  agent.say("result", (await askedAgain).id, { size: 2 ** 40, length: 2 ** 40, ...FACTS });
  assertInstanceOf(await tooMuch, AgentLostError);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.read() does give up when it is aborted, and take what still comes", async () => {
  const { agent, link } = await openLink();
  const controller = new AbortController();
  const asked = agent.next("request");
  const cancelled = agent.next("cancel");
  const reading = errorOf(link.files.read("/a", { maxBytes: 10, signal: controller.signal }));
  const { id } = await asked;
  agent.say("result", id, { size: 10, length: 10, ...FACTS });
  const reason = new Error("enough");
  controller.abort(reason);
  assertEquals(await reading, reason);
  await cancelled;
  agent.say("data", id, Uint8Array.of(1));
  agent.say("fail", id, { code: "CANCELLED", message: "Cancelled" });
  const next = agent.next("request");
  const removing = link.files.remove("/a", false);
  agent.say("result", (await next).id, {});
  await removing;
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.write() does stop sending what is refused", async () => {
  const { agent, link } = await openLink();
  const asked = agent.next("request");
  let pulled = 0;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(1000));
    },
  });
  const writing = errorOf(link.files.write("/a", endless));
  agent.say("fail", (await asked).id, { code: "EISDIR", message: "Is a directory", path: "/a" });
  const error = await writing;
  assertInstanceOf(error, AgentRefusal);
  assertEquals([error.code, error.path], ["EISDIR", "/a"]);
  assert(pulled > 0);
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.write() does cancel what its stream does not give, or what is aborted", async () => {
  const { agent, link } = await openLink();
  const fault = new Error("no more");
  const failing = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(fault) });
  const cancelled = agent.next("cancel");
  assertEquals(await errorOf(link.files.write("/a", failing)), fault);
  agent.say("fail", (await cancelled).id, { code: "CANCELLED", message: "Cancelled" });

  const controller = new AbortController();
  const again = agent.next("cancel");
  using _held = agent.hold();
  const writing = errorOf(
    link.files.write("/a", new Uint8Array(4_000_000), { signal: controller.signal }),
  );
  controller.abort(fault);
  assertEquals(await writing, fault);
  _held[Symbol.dispose]();
  agent.say("fail", (await again).id, { code: "CANCELLED", message: "Cancelled" });
  await link[Symbol.asyncDispose]();
});

Deno.test("AgentFiles.write() does wait when the channel is slow", async () => {
  const { agent, link } = await openLink();
  let pulled = 0;
  const content = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (++pulled > 1000) controller.close();
      else controller.enqueue(new Uint8Array(64 * 1024));
    },
  });
  const held = agent.hold();
  const asked = agent.next("request");
  const writing = link.files.write("/a", content);
  for (let turn = 0; turn < 2000; turn++) await Promise.resolve();
  assert(pulled < 20, `${pulled} pieces were taken though none was written`);
  const ended = agent.next("end");
  held[Symbol.dispose]();
  const { id } = await asked;
  await ended;
  agent.say("result", id, { bytes: 1000 * 64 * 1024 });
  assertEquals(await writing, 1000 * 64 * 1024);
  await link[Symbol.asyncDispose]();
});
