import { assert, assertEquals } from "@std/assert";
import type { KernelProgram } from "../../../src/kernels/kernel_programs.ts";
import type { ProcessControl, RunOutcome, RunSpec } from "../../../src/runtimes/runtime.ts";
import { type CellEnd, KernelClient } from "../../../src/sessions/contexts/kernel_client.ts";

const TOKEN = "0123456789abcdef0123456789abcdef";
const PROGRAM: KernelProgram = {
  argv: ["kernel", "--flag"],
  greeting: (token) => `hello ${token}\n`,
  encode: (request) => `${JSON.stringify(request)}\n`,
  interrupt: "signal",
};
const encoder = new TextEncoder();

type Stream = "stdout" | "stderr";

/** A kernel whose every word a test says. */
function setUp({ program = PROGRAM, maxResultBytes }: {
  program?: KernelProgram;
  maxResultBytes?: number;
} = {}) {
  const requests: Record<string, unknown>[] = [];
  const signals: string[] = [];
  const end = Promise.withResolvers<RunOutcome>();
  let spec: RunSpec | undefined;
  let push: (stream: Stream, bytes: Uint8Array) => void = () => {};
  const control: ProcessControl = {
    pid: 1,
    write: (bytes) =>
      Promise.resolve(void requests.push(JSON.parse(new TextDecoder().decode(bytes)))),
    closeStdin: () => Promise.resolve(),
    signal: (name, target) => Promise.resolve(void signals.push(`${name} ${target}`)),
    resize: () => Promise.resolve(),
  };
  const client = new KernelClient({
    sandbox: {
      run(wanted, { output, signal, started }) {
        spec = wanted;
        push = output;
        started?.(control);
        signal.addEventListener("abort", () => end.resolve({ cause: "stopped", exitCode: null }));
        return end.promise;
      },
    },
    program,
    token: TOKEN,
    ...(maxResultBytes !== undefined && { maxResultBytes }),
  });
  const say = (stream: Stream, message: unknown) => {
    const data = encoder.encode(JSON.stringify(message));
    for (let start = 0; start < data.length; start += 4000) {
      const part = data.subarray(start, start + 4000);
      const more = start + 4000 < data.length ? "+" : ".";
      push(
        stream,
        encoder.encode(`\x1e${TOKEN}${more}${part.length.toString(16).padStart(4, "0")}`),
      );
      push(stream, part);
    }
  };
  const written: Record<Stream, string> = { stdout: "", stderr: "" };
  return {
    client,
    requests,
    signals,
    written,
    spec: () => spec,
    print: (stream: Stream, text: string) => push(stream, encoder.encode(text)),
    say,
    ready() {
      say("stderr", { type: "ready" });
      say("stdout", { type: "ready" });
    },
    finish(id: number, more: Record<string, unknown> = {}) {
      say("stderr", { type: "end", id });
      say("stdout", { type: "end", id, ...more });
    },
    exit: (outcome: RunOutcome) => end.resolve(outcome),
    run: (code: string, env?: Record<string, string>) =>
      client.run({
        code,
        env,
        count: 1,
        output: (stream, bytes) => written[stream] += new TextDecoder().decode(bytes),
      }),
  };
}

async function settled(promise: Promise<CellEnd>): Promise<CellEnd | undefined> {
  return await Promise.race([
    promise,
    new Promise<undefined>((done) => setTimeout(() => done(undefined), 0)),
  ]);
}

Deno.test("KernelClient starts its program and tells when it takes cells", async () => {
  const { client, spec, print, ready, written, run, finish, requests } = setUp();
  assertEquals(spec(), {
    kind: "shell",
    commandName: "kernel",
    args: ["--flag"],
    workingDirectory: "/workspace",
    stdin: `hello ${TOKEN}\n`,
    keepStdin: true,
    background: true,
  });
  print("stderr", "what interpreters say");
  assertEquals(client.isReady, false);
  ready();
  assertEquals(await client.ready, true);
  const end = run("code", { A: "1" });
  await settled(end);
  assertEquals(requests, [{ type: "cell", id: 1, count: 1, code: "code", env: { A: "1" } }]);
  finish(1);
  assertEquals(await end, { kind: "ended", interrupted: false, results: [], droppedResults: 0 });
  assertEquals(written, { stdout: "", stderr: "" });
});

Deno.test("KernelClient.run() ends when both streams are at their ends", async () => {
  const { run, say, print, ready, written } = setUp();
  ready();
  const end = run("code");
  print("stdout", "out");
  say("stdout", { type: "end", id: 1 });
  assertEquals(await settled(end), undefined);
  print("stderr", "late");
  say("stderr", { type: "end", id: 1 });
  assertEquals((await end).kind, "ended");
  assertEquals(written, { stdout: "out", stderr: "late" });
});

Deno.test("KernelClient gives what comes between cells to the next, within a bound", async () => {
  const { run, print, ready, finish, written } = setUp();
  ready();
  print("stdout", "early");
  print("stdout", "x".repeat(70_000));
  const end = run("code");
  finish(1);
  await end;
  assertEquals(written.stdout, "early");
});

Deno.test("KernelClient passes over messages that are not for the cell that runs", async () => {
  const { run, say, ready, finish } = setUp();
  ready();
  say("stdout", { type: "end", id: 1 });
  say("stderr", { type: "end", id: 1 });
  const first = run("a");
  say("stdout", { type: "result", id: 0, data: { "text/plain": "no" } });
  say("stdout", { type: "nonsense", id: 1 });
  finish(2);
  finish(1);
  assertEquals((await first).results, []);
  const second = run("b");
  finish(1, { error: { name: "Old" } });
  say("stdout", { type: "result", id: 2, data: { "text/plain": "yes" } });
  finish(2);
  assertEquals((await second).results, [{ "text/plain": "yes" }]);
});

Deno.test("KernelClient takes of results and errors only what they may be", async () => {
  const { run, say, ready, finish } = setUp({ maxResultBytes: 5000 });
  ready();
  const end = run("a");
  const results = [null, 5, "text", { "text/html": 5, "no mime": "x", "image/png": "AA==" }];
  for (const data of results) say("stdout", { type: "result", id: 1, data });
  say("stdout", { type: "result", id: 1, data: { "text/plain": "x".repeat(6000) } });
  say("stdout", { type: "result", id: 1, data: { "text/plain": "x".repeat(4950) } });
  finish(1, { error: { name: 5, value: {}, traceback: "t" }, interrupted: "yes" });
  assertEquals(await end, {
    kind: "ended",
    error: { name: "Error", value: "", traceback: "t" },
    interrupted: false,
    results: [{ "image/png": "AA==", "text/plain": "" }],
    droppedResults: 2,
  });
});

Deno.test("KernelClient.run() tells of the end of the kernel", async () => {
  const { client, run, say, ready, exit } = setUp();
  ready();
  const end = run("a");
  say("stdout", { type: "result", id: 1, data: { "text/plain": "before" } });
  exit({ cause: "signaled", exitCode: null, signal: "SIGSEGV" });
  assertEquals(await end, {
    kind: "lost",
    outcome: { cause: "signaled", exitCode: null, signal: "SIGSEGV" },
    results: [{ "text/plain": "before" }],
    droppedResults: 0,
  });
  assertEquals([client.alive, client.isReady], [false, false]);
  assertEquals((await run("b")).kind, "lost");
});

Deno.test("KernelClient ends a kernel that says that it exits", async () => {
  const { run, say, ready } = setUp();
  ready();
  const end = await Promise.all([run("a"), say("stdout", { type: "exit", code: 259 })]);
  assert(end[0].kind === "lost");
  assertEquals(end[0].outcome, { cause: "exited", exitCode: 3 });
});

Deno.test("KernelClient.interrupt() reaches only a cell that runs, in its kernel's way", async () => {
  const { client, run, ready, finish, signals } = setUp();
  ready();
  await client.interrupt();
  assertEquals(signals, []);
  const end = run("a");
  await client.interrupt();
  assertEquals(signals, ["SIGINT group"]);
  finish(1, { interrupted: true, error: { name: "KeyboardInterrupt" } });
  assertEquals((await end).kind, "ended");
  const byMessage = setUp({ program: { ...PROGRAM, interrupt: "message" } });
  byMessage.ready();
  const other = byMessage.run("a");
  await byMessage.client.interrupt();
  assertEquals(byMessage.requests.at(-1), { type: "interrupt", id: 1 });
  byMessage.finish(1);
  await other;
});

Deno.test("KernelClient survives whatever its kernel writes", async () => {
  let seed = 3;
  const random = (below: number) => {
    seed = (seed * 1103515245 + 12345) % 2 ** 31;
    return seed % below;
  };
  for (let round = 0; round < 100; round++) {
    const { run, client, say, print, ready, exit } = setUp({ maxResultBytes: 1000 });
    ready();
    const end = run("a");
    const types = ["result", "end", "ready", "exit", "x"];
    for (let at = 0; at < 20; at++) {
      const stream = random(2) === 0 ? "stdout" : "stderr";
      const type = types[random(types.length)];
      const data = [undefined, {}, [], "x", { "text/plain": "y".repeat(random(2000)) }][random(5)];
      if (random(3) === 0) print(stream, `\x1e${TOKEN.slice(0, random(32))}`);
      else say(stream, { type, id: random(3), data, code: [1, "x", null][random(3)], error: data });
    }
    exit({ cause: "exited", exitCode: 0 });
    await end;
    await client.ended;
  }
});
