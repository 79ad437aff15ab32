import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CellResult } from "../../src/protocol/contexts.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { MethodInput } from "../../src/protocol/methods.ts";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith(
  "codebeaker-python:latest",
  "codebeaker-nodejs:latest",
  "codebeaker-bash:latest",
);
const server = dockerServer(requirement);

type Language = MethodInput<"session.create">["language"];

/** A session whose code runs in contexts. */
interface ContextSession {
  readonly client: RpcClient;
  readonly session: TestSession;
  /** Runs a cell, by default in the default context. */
  cell(code: string, options?: CellOptions): Promise<CommandEnvelope>;
  /** What a cell gave, which must not have failed. */
  value(code: string, options?: CellOptions): Promise<CellResult>;
}

interface CellOptions {
  readonly context?: string;
  readonly language?: string;
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly concurrent?: boolean;
  readonly stream?: boolean;
}

function testContexts(
  name: string,
  language: Language,
  test: (context: ContextSession) => Promise<void>,
): void {
  Deno.test({
    name,
    ...requirement,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { language, runtime: "docker" });
      const cell: ContextSession["cell"] = (code, options = {}) => {
        const { context = "default", language, env, ...others } = options;
        return session.execute(
          {
            type: "execute_code",
            code,
            context,
            ...(language && { language }),
            ...(env && { env }),
          },
          others,
        );
      };
      await test({
        client,
        session,
        cell,
        async value(code, options) {
          const { success, error, result } = await cell(code, options);
          assert(success, `${error}\n${JSON.stringify(result)}`);
          return result as CellResult;
        },
      });
    },
  });
}

function resultOf({ result }: CommandEnvelope): CellResult {
  return result as CellResult;
}

function plainOf({ results }: CellResult): unknown {
  return results.at(-1)?.["text/plain"];
}

testContexts(
  "execute_code keeps what Python cells leave behind",
  "python",
  async ({ value, cell }) => {
    await value("import math\ncounter = 0\ndef twice(x):\n    return 2 * x");
    const second = await value("print('hi')\ntwice(math.floor(2.5))");
    assertEquals(second.stdout, "hi\n");
    assertEquals(plainOf(second), "4");
    assertEquals(second.executionCount, 2);
    assertEquals(second.context, "default");
    const awaited = await value("import asyncio\nawait asyncio.sleep(0, 'slept')");
    assertEquals(plainOf(awaited), "'slept'");
    const failed = await cell("def broken():\n    return 1 / 0\nbroken()");
    assertEquals(failed.status, "nonzero_exit");
    assertEquals(failed.error, "ZeroDivisionError: division by zero");
    const { error } = resultOf(failed);
    assertEquals(error?.name, "ZeroDivisionError");
    assertMatch(error?.traceback ?? "", /<cell 4>", line 3[^]*<cell 4>", line 2, in broken/);
    assert(!/kernel/.test(error?.traceback ?? ""), "only frames of the user's");
    assertEquals(plainOf(await value("counter")), "0");
  },
);

for (const language of ["javascript", "typescript"]) {
  testContexts(
    `execute_code keeps what ${language} cells leave behind`,
    language,
    async (context) => {
      const { value, cell, session } = context;
      await session.write("tool.ts", "export const tool = (n: number) => n + 1;");
      await value("const a = 1; function twice(x) { return 2 * x }");
      const second = await value(
        "const a = await Promise.resolve(20);\nconsole.log('hi');\ntwice(a)",
      );
      assertEquals(second.stdout, "hi\n");
      assertEquals(plainOf(second), "40");
      assertEquals(plainOf(await value("import { tool } from './tool.ts';\ntool(a)")), "21");
      assertEquals(plainOf(await value("(await import('./tool.ts')).tool(1)")), "2");
      const failed = await cell("function broken() {\n  throw new TypeError('bad');\n}\nbroken()");
      assertEquals(failed.status, "nonzero_exit");
      assertEquals(resultOf(failed).error, {
        name: "TypeError",
        value: "bad",
        traceback: "TypeError: bad\n    at broken (cell_5:2:9)\n    at cell_5:4:1",
      });
      if (language === "typescript") {
        assertEquals(plainOf(await value("enum E { A, B }\nconst e: number = E.B; e")), "1");
      }
      assertEquals(plainOf(await value("await Deno.stdin.read(new Uint8Array(1))")), "null");
    },
  );
}

testContexts(
  "cells of one context take turns, those of others run beside",
  "python",
  async (context) => {
    const { cell, value, client, session } = context;
    await value("counter = 0");
    const numbers = await Promise.all(
      Array.from({ length: 5 }, () => value("counter += 1\ncounter", { concurrent: true })),
    );
    assertEquals(numbers.map(plainOf), ["1", "2", "3", "4", "5"]);
    const other = await client.request("context.create", { sessionId: session.id });
    // Each waits for the other: neither would end if they ran one after the other.
    const meet = (mine: string, yours: string) =>
      `import os, time\nopen("${mine}", "w").close()\nwhile not os.path.exists("${yours}"): time.sleep(0.01)`;
    const [first, second] = await Promise.all([
      cell(meet("a", "b")),
      cell(meet("b", "a"), { context: other.contextId }),
    ]);
    assertEquals([first.status, second.status], ["ok", "ok"]);
    // What comes after waits for both.
    const slow = cell("time.sleep(0.3); open('late', 'w').close()");
    const listed = await session.execute({ type: "file_info", path: "late" });
    assert(listed.success, "a command waits for the cells that came before it");
    await slow;
  },
);

testContexts("context.interrupt ends a cell and keeps the state", "python", async (context) => {
  const { cell, value, client, session } = context;
  await value("kept = 42");
  const sleeping = cell("import time\nprint('sleeps', flush=True)\ntime.sleep(300)", {
    stream: true,
  });
  await client.nextNotification("session.output", session.id);
  const target = { sessionId: session.id, contextId: "default" };
  assertEquals(await client.request("context.interrupt", target), {
    contextId: "default",
    interrupted: true,
  });
  const interrupted = await sleeping;
  assertEquals(interrupted.status, "cancelled");
  assertEquals(resultOf(interrupted).interrupted, true);
  assertEquals(resultOf(interrupted).error?.name, "KeyboardInterrupt");
  assertEquals(plainOf(await value("kept + 1 + 1")), "44");
  assertEquals((await client.request("context.interrupt", target)).interrupted, false);
});

testContexts(
  "a cell beyond its timeout is interrupted, and only then restarted",
  "python",
  async (context) => {
    const { cell, value } = context;
    await value("kept = 1");
    const interrupted = await cell("while True: pass", { timeoutMs: 300 });
    assertEquals(interrupted.status, "timeout");
    assertEquals(resultOf(interrupted).interrupted, true);
    assertEquals(interrupted.error, "Timed out after 300 ms; the cell was interrupted");
    assertEquals(plainOf(await value("kept")), "1");
    const stubborn = await cell(
      "import time\nwhile True:\n    try:\n        time.sleep(1)\n    except KeyboardInterrupt: pass",
      { timeoutMs: 300 },
    );
    assertEquals(stubborn.status, "timeout");
    assertEquals(resultOf(stubborn).restarted, true);
    assertMatch(stubborn.error ?? "", /did not end when interrupted/);
    const fresh = await value("'kept' in globals()");
    assertEquals([plainOf(fresh), fresh.executionCount], ["False", 1]);
    assertEquals(fresh.restarted, undefined, "the cell before has said so");
  },
);

for (const language of ["javascript", "typescript"]) {
  testContexts(
    `an endless loop in ${language} is interrupted`,
    language,
    async ({ cell, value }) => {
      await value("const kept = 42;");
      for (const code of ["for (;;);", "await new Promise((r) => setTimeout(r, 300000))"]) {
        const interrupted = await cell(code, { timeoutMs: 300 });
        assertEquals(interrupted.status, "timeout");
        assertEquals(resultOf(interrupted).interrupted, true, code);
        assertEquals(plainOf(await value("kept")), "42");
      }
    },
  );
}

for (const language of ["python", "javascript"]) {
  const exit = language === "python" ? "import os\nos._exit(3)" : "Deno.exit(3)";
  testContexts(
    `a ${language} cell that exits ends its context`,
    language,
    async ({ cell, value }) => {
      await value(language === "python" ? "x = 1" : "let x = 1");
      const exited = await cell(exit);
      assertEquals([exited.status, exited.exitCode], ["session_lost", 3]);
      assertEquals(resultOf(exited).error?.name, "ContextEnded");
      const next = await value("1 + 1");
      assertEquals([next.restarted, next.executionCount, plainOf(next)], [true, 1, "2"]);
      assertEquals((await value("2")).restarted, undefined);
    },
  );
}

for (const language of ["python", "javascript"]) {
  const read = language === "python"
    ? "import os\nos.environ.get('SECRET')"
    : "Deno.env.get('SECRET')";
  testContexts(`env of one ${language} cell is gone in the next`, language, async ({ value }) => {
    const SECRET = "quote ' double \" back \\ new\nline $HOME `x` é";
    const print = language === "python"
      ? "print(os.environ['SECRET'])"
      : "console.log(Deno.env.get('SECRET'))";
    await value(read);
    assertEquals((await value(print, { env: { SECRET } })).stdout, `${SECRET}\n`);
    const gone = await value(read);
    assertEquals(gone.results, []);
  });
}

testContexts("execute_code refuses a context and another language", "python", async (context) => {
  const { client, session, value } = context;
  const refused = async (command: Record<string, unknown>) => {
    const response = await client.call("session.execute", {
      sessionId: session.id,
      command: { type: "execute_code", code: "open('ran', 'w').close()", ...command },
      // deno-lint-ignore no-explicit-any -- some are none of the contract's
    } as any);
    return response.error;
  };
  const { contextId } = await client.request("context.create", { sessionId: session.id });
  assertEquals((await refused({ context: contextId, language: "bash" }))?.code, -32602);
  assertEquals((await refused({ context: "default", language: "go" }))?.code, -32602);
  assertEquals((await refused({ context: "default", args: ["x"] }))?.code, -32602);
  assertEquals((await refused({ context: "default", stdin: "x" }))?.code, -32602);
  assertEquals((await refused({ context: "nowhere" }))?.code, -32001);
  assertEquals(plainOf(await value("import os\nos.path.exists('ran')")), "False");
});

testContexts(
  "context.create, list, restart and delete manage contexts",
  "python",
  async (context) => {
    const { client, session, cell, value } = context;
    const { id: sessionId } = session;
    const first = await client.request("context.create", { sessionId });
    assertEquals([first.language, first.state, first.executionCount], ["python", "idle", 0]);
    await value("x = 1", { context: first.contextId });
    await value("y = 1");
    const { count, contexts } = await client.request("context.list", { sessionId });
    assertEquals(count, 2);
    assertEquals(contexts.map(({ contextId }) => contextId), [first.contextId, "default"]);
    const target = { sessionId, contextId: first.contextId };
    const sleeping = cell("import time; time.sleep(300)", { context: first.contextId });
    const restarted = await client.request("context.restart", target);
    assertEquals(restarted.executionCount, 0);
    assertEquals((await sleeping).status, "cancelled");
    assertEquals(plainOf(await value("'x' in globals()", { context: first.contextId })), "False");
    await client.request("context.delete", target);
    const { error } = await client.call("context.delete", target);
    assertEquals([error?.code, (error?.data as { reason?: string })?.reason], [
      -32001,
      "context_not_found",
    ]);
    for (let i = 1; i < 8; i++) await client.request("context.create", { sessionId });
    const full = await client.call("context.create", { sessionId });
    assertEquals(full.error?.code, -32002);
  },
);

testContexts("contexts go on beside other commands", "python", async ({ session, value }) => {
  await value("x = 1");
  const shell = await session.shell("sh", ["-c", "sleep 0.05 & echo done"]);
  assertEquals(shell.status, "ok");
  assertEquals(plainOf(await value("x")), "1");
  assertEquals(await session.output("print(1)"), "1");
  assertEquals(plainOf(await value("x")), "1");
});

testContexts("results come in every form that they offer", "python", async ({ value }) => {
  const { results } = await value(`
class Rich:
    def __repr__(self): return "rich"
    def _repr_html_(self): return "<b>rich</b>"
    def _repr_markdown_(self): return "**rich**"
    def _repr_svg_(self): return "<svg/>"
    def _repr_latex_(self): return "$r$"
    def _repr_json_(self): return {"rich": True}
    def _repr_png_(self): return b"\\x89PNG"
display("shown")
Rich()`);
  assertEquals(results, [
    { "text/plain": "'shown'" },
    {
      "text/plain": "rich",
      "text/html": "<b>rich</b>",
      "text/markdown": "**rich**",
      "image/svg+xml": "<svg/>",
      "text/latex": "$r$",
      "image/png": "iVBORw==",
      "application/json": { rich: true },
    },
  ]);
});

testContexts("execute_code keeps what bash cells leave behind", "bash", async ({ cell, value }) => {
  await value("cd /tmp; export X=1; f() { echo f $X; }");
  const { stdout } = await value("pwd; f");
  assertEquals(stdout, "/tmp\nf 1\n");
  const failed = await cell("false");
  assertEquals([failed.status, failed.error], ["nonzero_exit", "ExitCode: 1"]);
  const interrupted = await cell("while :; do :; done; echo NO", { timeoutMs: 300 });
  assertEquals([interrupted.status, resultOf(interrupted).interrupted], ["timeout", true]);
  assertEquals((await value("f")).stdout, "f 1\n");
  const exited = await cell("exit 7");
  assertEquals([exited.status, exited.exitCode], ["session_lost", 7]);
  assertEquals((await value("pwd")).restarted, true);
});

testContexts(
  "the default context is one of each language",
  "python",
  async ({ client, session, value }) => {
    await value("x = 1");
    await value("x=2", { language: "bash" });
    assertEquals(plainOf(await value("x")), "1");
    assertEquals((await value("echo $x", { language: "bash" })).stdout, "2\n");
    const { contexts } = await client.request("context.list", { sessionId: session.id });
    assertEquals(contexts.map(({ contextId, language }) => [contextId, language]), [
      ["default", "python"],
      ["default-bash", "bash"],
    ]);
    assertEquals((await value("echo $x", { context: "default-bash" })).stdout, "2\n");
  },
);

testContexts(
  "a cell that needs too much memory ends its context only",
  "python",
  async ({ cell, value }) => {
    const { status, result, limit } = await cell(
      "x = bytearray(2_000_000_000)\nfor i in range(0, len(x), 4096): x[i] = 1",
    );
    assertEquals([status, limit?.kind], ["memory_limit", "memory"]);
    assertEquals((result as CellResult).error?.name, "ContextEnded");
    assertEquals(plainOf(await value("1 + 1")), "2");
  },
);

testContexts("a batch may hold cells", "python", async ({ session }) => {
  const { result, success } = await session.execute({
    type: "batch",
    commands: [
      { type: "execute_code", code: "x = 20", context: "default" },
      { type: "execute_code", code: "print('hi')\nx + 1", context: "default" },
    ],
  });
  assert(success);
  const { results } = result as { results: CommandEnvelope[] };
  const last = resultOf(results[1]!);
  assertEquals([last.stdout, plainOf(last)], ["hi\n", "21"]);
});
