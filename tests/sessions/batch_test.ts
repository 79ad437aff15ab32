import { assert, assertEquals } from "@std/assert";
import {
  COMMAND_RESULTS,
  type CommandInput,
  type CommandResults,
  CommandSchema,
} from "../../src/protocol/commands.ts";
import { CommandEnvelopeSchema } from "../../src/protocol/execution.ts";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import type { ExecuteOptions } from "../../src/sessions/session_manager.ts";
import type { SessionLimits } from "../../src/sessions/session_limits.ts";
import { endless, exit } from "./fake_runtime.ts";
import { TestManager } from "./test_manager.ts";

type SingleInput = Exclude<CommandInput, { type: "batch" }>;

const write = (path: string, content = "x"): SingleInput => ({ type: "write_file", path, content });
const read = (path: string): SingleInput => ({ type: "read_file", path });
const code = (text: string): SingleInput => ({ type: "execute_code", code: text });
const shell = (commandName: string): SingleInput => ({ type: "execute_shell", commandName });

async function batched(
  commands: SingleInput[],
  more: {
    readonly stopOnError?: boolean;
    readonly limits?: Partial<SessionLimits>;
    readonly options?: ExecuteOptions;
    readonly prepare?: (test: TestManager) => void;
    readonly meanwhile?: (test: TestManager, sessionId: string) => Promise<void>;
  } = {},
) {
  await using test = new TestManager(more.limits);
  more.prepare?.(test);
  const [{ id }, { files }] = await test.open();
  const { stopOnError } = more;
  const command = CommandSchema.parse({ type: "batch", commands, stopOnError });
  const execution = test.manager.execute(id, command, test.user, more.options);
  const chunks: OutputChunk[] = [];
  using _watching = execution.output?.subscribe("test", (chunk) => void chunks.push(chunk));
  await more.meanwhile?.(test, id);
  const envelope = CommandEnvelopeSchema.parse(await execution.answer);
  const result = envelope.result as CommandResults["batch"];
  COMMAND_RESULTS.batch.parse(result);
  return { envelope, ...result, files, execution, chunks };
}

Deno.test("batch runs commands in order and answers each", async () => {
  const { envelope, results, completed, execution } = await batched([
    write("f", "one"),
    { type: "replace_in_file", path: "f", oldText: "one", newText: "two" },
    read("f"),
    code("hello"),
  ]);
  assertEquals([envelope.success, envelope.status, envelope.error], [true, "ok", null]);
  assertEquals(completed, 4);
  assertEquals(results.map(({ result }) => result), [
    { path: "f", bytes: 3 },
    { path: "f", count: 1, bytes: 3 },
    { content: "two", bytes: 3 },
    "hello",
  ]);
  assert(
    results.every(({ executionId, status }) => executionId === execution.id && status === "ok"),
  );
  assertEquals(results[3]?.exitCode, 0);
});

Deno.test("batch ends with the first command that fails", async () => {
  const { envelope, results, completed, files } = await batched([
    write("a"),
    read("missing"),
    write("b"),
  ]);
  assertEquals([envelope.success, envelope.status], [false, undefined]);
  assertEquals(envelope.error, "Command 2 of 3 (read_file) failed: File not found: missing");
  assertEquals([results.length, completed], [2, 1]);
  assertEquals([...files.content.keys()], ["a"]);
});

Deno.test("batch goes on after a failure if it is told to", async () => {
  const { envelope, results, completed } = await batched([
    shell("fail"),
    write("b"),
    read("missing"),
  ], {
    stopOnError: false,
    prepare: ({ runtime }) => runtime.programs.set("fail", () => exit(3)),
  });
  assertEquals(results.map(({ success }) => success), [false, true, false]);
  assertEquals([completed, envelope.success, envelope.status], [1, false, "nonzero_exit"]);
  assertEquals(envelope.error, "Command 1 of 3 (execute_shell) failed: Exited with code 3");
  assertEquals((results[0]?.result as { exitCode: number }).exitCode, 3);
});

Deno.test("batch streams the output of its programs under its own id", async () => {
  const { chunks, results, execution } = await batched([shell("a"), write("f"), shell("b")]);
  assertEquals(chunks.map(({ data }) => data).join(""), "a\nb\n");
  assertEquals(chunks.map(({ seq }) => seq), chunks.map((_, index) => index));
  const outputs = [results[0], results[2]].map((answer) => answer?.result as { stdout: string });
  assertEquals(outputs.map(({ stdout }) => stdout), ["a\n", "b\n"]);
  assertEquals(execution.output?.replay(0).nextSeq, chunks.length);
});

Deno.test("batch has one time limit for all", async () => {
  const { envelope, results, completed, files } = await batched(
    [write("a"), shell("endless"), write("b")],
    {
      options: { timeoutMs: 500 },
      stopOnError: false,
      prepare: ({ runtime }) => runtime.programs.set("endless", endless),
      meanwhile: async ({ clock }) => {
        await clock.advance(400);
        await clock.advance(100);
      },
    },
  );
  assertEquals([envelope.success, envelope.status], [false, "timeout"]);
  assertEquals(envelope.limit?.configured, 500);
  assertEquals(results.map(({ status }) => status), ["ok", "timeout"]);
  assertEquals([completed, [...files.content.keys()]], [1, ["a"]]);
});

Deno.test("batch is cancelled as a whole", async () => {
  const { envelope, results } = await batched([shell("endless"), write("b")], {
    prepare: ({ runtime }) => runtime.programs.set("endless", endless),
    meanwhile: async ({ manager, user, clock }, id) => {
      await clock.advance(1);
      assertEquals(manager.get(id, user).cancel().length, 1);
    },
  });
  assertEquals([envelope.status, envelope.error], ["cancelled", "Cancelled by the client"]);
  assertEquals(results.map(({ status }) => status), ["cancelled"]);
});

Deno.test("batch takes one place in the queue and one among the programs", async () => {
  await using test = new TestManager({ maxConcurrentExecutions: 1 });
  const [session] = await test.open();
  const commands = [code("a"), code("b")];
  const batch = CommandSchema.parse({ type: "batch", commands });
  const first = test.execute(session, batch);
  const usage = () => {
    const { queuedCommands, runningCommands } = session.details().usage;
    return [queuedCommands, runningCommands];
  };
  assertEquals(usage(), [0, 1]);
  const second = test.execute(session, CommandSchema.parse(code("c")));
  assertEquals(usage(), [1, 1]);
  assert((await first.answer).success && (await second.answer).success);
  assertEquals(session.summary().executionCount, 2);
});

Deno.test("batch bounds what its programs keep together", async () => {
  const { results } = await batched([shell("much"), shell("much"), shell("much")], {
    limits: { maxOutputBytes: 10_000 },
    prepare: ({ runtime }) =>
      runtime.programs.set("much", ({ print }) => {
        print("x".repeat(8000));
        return exit();
      }),
  });
  const kept = results.map((answer) => (answer.result as { stdout: string }).stdout.length);
  assertEquals(kept[0], 8000);
  assert(kept[1]! < 4200 && kept[2]! < 4200, String(kept));
  assertEquals(results.map(({ stdoutBytes }) => stdoutBytes), [8000, 8000, 8000]);
  assertEquals(results.map(({ stdoutTruncated }) => stdoutTruncated), [undefined, true, true]);
});

Deno.test("batch leaves large results out that are too much together", async () => {
  const { results, completed } = await batched(
    [write("f", "x".repeat(30_000)), read("f"), read("f"), write("g"), read("g")],
    { limits: { maxFileBytes: 40_000 }, stopOnError: false },
  );
  assertEquals(results.map(({ success }) => success), [true, true, false, true, true]);
  assertEquals(completed, 4);
  assertEquals(
    results[2]?.error,
    "Result left out: the results of a batch are at most 40000 bytes together (maxFileBytes), " +
      "send this command by itself",
  );
});

Deno.test("batch answers a command that would be an error alone", async () => {
  const { results, envelope } = await batched([
    write("f", "xx"),
    { type: "replace_in_file", path: "f", oldText: "x", newText: "x".repeat(900), all: true },
  ]);
  assertEquals(results.map(({ success }) => success), [true, false]);
  assert(envelope.error?.includes("f would have 1800 bytes, at most 1000 are allowed"));
});
