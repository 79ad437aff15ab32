import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CellResult } from "../../src/protocol/contexts.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { MethodInput } from "../../src/protocol/methods.ts";
import { descendants, survivors } from "../testutil/process_tree.ts";
import { runProgram } from "../testutil/run_program.ts";
import { until } from "../testutil/within.ts";
import { requirement } from "../testutil/requirement.ts";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";

const env = queryEnv(import.meta.url);
const server = sharedServer({ env });
const bubblewrap = await requirement("bubblewrap");
const isConfined = env.CODEBEAKER_BUBBLEWRAP !== "off";

/** A Deno session whose code runs in contexts. */
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
  readonly env?: Record<string, string>;
  readonly timeoutMs?: number;
  readonly concurrent?: boolean;
  readonly stream?: boolean;
}

function testContexts(
  name: string,
  test: (context: ContextSession) => Promise<void>,
  params: Partial<MethodInput<"session.create">> = {},
  options: { ignore?: boolean } = {},
): void {
  Deno.test({
    name,
    ...options,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { runtime: "deno", ...params });
      const cell: ContextSession["cell"] = (code, options = {}) => {
        const { context = "default", env, ...others } = options;
        const command = { type: "execute_code" as const, code, context, ...(env && { env }) };
        return session.execute(command, others);
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

for (const language of ["typescript", "javascript", "deno"] as const) {
  testContexts(
    `execute_code keeps what ${language} cells leave in a Deno session`,
    async (context) => {
      const { value, cell, session } = context;
      await session.write("tool.ts", "export const tool = (n: number): number => n + 1;");
      await value("const a = 1; function twice(x) { return 2 * x }");
      const second = await value(
        "const a = await Promise.resolve(20);\nconsole.log('hi');\ntwice(a)",
      );
      assertEquals([second.stdout, plainOf(second), second.executionCount], ["hi\n", "40", 2]);
      assertEquals(plainOf(await value("import { tool } from './tool.ts';\ntool(a)")), "21");
      assertEquals(plainOf(await value("(await import('/workspace/tool.ts')).tool(1)")), "2");
      assertEquals(
        plainOf(
          await value("await Deno.readTextFile('/workspace/tool.ts').then(t => t.length > 9)"),
        ),
        "true",
      );
      assertEquals(plainOf(await value("Deno.cwd()")), '"/workspace"');
      const failed = await cell("function broken() {\n  throw new TypeError('bad');\n}\nbroken()");
      assertEquals([failed.status, failed.error], ["nonzero_exit", "TypeError: bad"]);
      assertEquals(resultOf(failed).error, {
        name: "TypeError",
        value: "bad",
        traceback: "TypeError: bad\n    at broken (cell_7:2:9)\n    at cell_7:4:1",
      });
      if (language !== "javascript") {
        assertEquals(plainOf(await value("enum E { A, B }\nconst e: number = E.B; e")), "1");
      }
      assertEquals(plainOf(await value("await Deno.stdin.read(new Uint8Array(1))")), "null");
      const { results } = await value(
        '({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>", "text/plain": "b" }) })',
      );
      assertEquals(results, [{ "text/html": "<b>", "text/plain": "b" }]);
    },
    { language },
  );
}

testContexts("cells of one context take turns, those of others run beside", async (context) => {
  const { cell, value, client, session } = context;
  await value("let counter = 0");
  const numbers = await Promise.all(
    Array.from({ length: 5 }, () => value("counter++; counter", { concurrent: true })),
  );
  assertEquals(numbers.map(plainOf), ["1", "2", "3", "4", "5"]);
  const other = await client.request("context.create", { sessionId: session.id });
  const meet = (mine: string, yours: string) =>
    `await Deno.writeTextFile("${mine}", "");
     while (true) try { await Deno.stat("${yours}"); break } catch { await new Promise((r) => setTimeout(r, 5)) }`;
  const both = [cell(meet("a", "b")), cell(meet("b", "a"), { context: other.contextId })];
  assertEquals((await Promise.all(both)).map(({ status }) => status), ["ok", "ok"]);
});

const CODE_OF_PERMISSIONS = `
const names = ["read", "write", "net", "env", "run", "ffi", "sys", "import"];
const wanted = [
  ...names.map((name) => ({ name })),
  { name: "sys", kind: "inspector" },
  { name: "sys", kind: "hostname" },
  { name: "net", host: "127.0.0.1" },
  { name: "net", host: "127.0.0.1:80" },
  { name: "net", host: "example.com" },
  { name: "read", path: "/workspace" },
  { name: "read", path: "/etc/passwd" },
  { name: "write", path: "/workspace" },
  { name: "env", variable: "GIVEN" },
  { name: "run", command: "cat" },
];
const states = [];
for (const one of wanted) {
  const ask = (how) => Deno.permissions[how](one).then(({ state }) => state, (e) => e.name);
  states.push([one, await ask("query"), await ask("request")]);
}
console.log(JSON.stringify([states, Deno.args, Object.keys(Deno.permissions)]));`;

for (
  const [what, permissions] of Object.entries({
    "no permissions": { allowRead: false, allowWrite: false },
    "the usual permissions": {},
    "a host": { allowNet: ["example.com"], allowEnv: ["GIVEN"] },
    "the network": { allowNet: true },
  })
) {
  testContexts(`a cell has the permissions of code: ${what}`, async ({ session, value }) => {
    const plain = await session.output(CODE_OF_PERMISSIONS, { language: "javascript" });
    const { stdout } = await value(CODE_OF_PERMISSIONS);
    assertEquals(JSON.parse(stdout), JSON.parse(plain));
  }, { language: "javascript", permissions, env: { GIVEN: "yes" } });
}

testContexts(
  "a refused permission is told in the runtime's own words",
  async ({ cell, session }) => {
    const code = 'await fetch("https://api.github.com/")';
    const plain = await session.execute({ type: "execute_code", code });
    const { error, result, status } = await cell(code);
    assertEquals(status, "nonzero_exit");
    assertMatch(error ?? "", /Requires net access to "api\.github\.com/);
    const words = /Requires net access to [^\n]*/.exec(plain.error ?? "")?.[0];
    assertEquals((result as CellResult).error?.value, words);
    const inspector = await cell(
      'const { Session } = await import("node:inspector"); new Session().connect()',
    );
    assertMatch(inspector.error ?? "", /Requires sys access to "inspector"/);
  },
);

testContexts("a cell sees no port of its inspector's", async ({ cell, value }) => {
  await value("1");
  for (const hostname of ["127.0.0.1", "localhost", "0.0.0.0"]) {
    const { error } = await cell(`await Deno.connect({ hostname: "${hostname}", port: 9229 })`);
    assertMatch(error ?? "", /NotCapable: Requires net access/);
  }
});

const ENDLESS = [
  "await new Promise((r) => setTimeout(r, 300000))",
  ...(isConfined && !bubblewrap.ignore ? ["for (;;);", "for (;;) await null"] : []),
];

testContexts("a cell beyond its timeout is interrupted and keeps the state", async (context) => {
  const { cell, value, client, session } = context;
  await value("const kept = 42;");
  for (const code of ENDLESS) {
    const interrupted = await cell(code, { timeoutMs: 300 });
    assertEquals(interrupted.status, "timeout");
    assertEquals(interrupted.error, "Timed out after 300 ms; the cell was interrupted");
    assertEquals(resultOf(interrupted).interrupted, true);
    assertEquals(plainOf(await value("kept")), "42");
  }
  for (const code of ENDLESS) {
    const running = cell(`console.log("runs");${code}`, { stream: true });
    await client.nextNotification("session.output", session.id);
    const target = { sessionId: session.id, contextId: "default" };
    assertEquals((await client.request("context.interrupt", target)).interrupted, true);
    const { status, result } = await running;
    assertEquals([status, (result as CellResult).error?.name], ["cancelled", "Interrupted"]);
    assertEquals(plainOf(await value("kept + 1 + 1")), "44");
  }
});

testContexts("a cell that cannot be interrupted is restarted, and says so", async (context) => {
  const { cell, value } = context;
  await value("const kept = 1;");
  const { status, error, result } = await cell("for (;;);", { timeoutMs: 300 });
  assertEquals([status, (result as CellResult).restarted], ["timeout", true]);
  assertMatch(error ?? "", /did not end when interrupted/);
  assertEquals(plainOf(await value("typeof kept")), '"undefined"');
}, { permissions: { allowNet: true } });

testContexts("env of one cell is gone in the next", async ({ value }) => {
  const GIVEN = "quote ' double \" back \\ new\nline $HOME `x` é";
  const print = "console.log(Deno.env.get('GIVEN'))";
  assertEquals((await value(print)).stdout, "session\n");
  assertEquals((await value(print, { env: { GIVEN } })).stdout, `${GIVEN}\n`);
  assertEquals((await value(print)).stdout, "session\n");
}, { permissions: { allowEnv: ["GIVEN"] }, env: { GIVEN: "session" } });

testContexts("a cell that exits ends its context", async ({ cell, value }) => {
  await value("let x = 1");
  const exited = await cell("Deno.exit(3)");
  assertEquals([exited.status, exited.exitCode], ["session_lost", 3]);
  assertEquals(resultOf(exited).error?.name, "ContextEnded");
  const next = await value("1 + 1");
  assertEquals([next.restarted, next.executionCount, plainOf(next)], [true, 1, "2"]);
});

testContexts("a cell that needs too much memory ends its context only", async (context) => {
  const { cell, value } = context;
  const { status, limit } = await cell(
    "const all = []; for (;;) all.push(new Array(1e6).fill(1.5))",
  );
  assertEquals([status, limit?.kind], ["memory_limit", "memory"]);
  assertEquals(plainOf(await value("1 + 1")), "2");
}, { memoryLimitMB: 128 });

testContexts("contexts go on beside other commands", async ({ session, value }) => {
  await value("const x = 1");
  assertEquals(await session.output("console.log(1)"), "1");
  await session.write("later.ts", "export const later = 3;");
  assertEquals(plainOf(await value("(await import('./later.ts')).later + x")), "4");
  await value("await Deno.writeTextFile('made.txt', 'by a cell')");
  assertEquals(
    await session.output("console.log(await Deno.readTextFile('made.txt'))"),
    "by a cell",
  );
});

testContexts("no path of the server is told", async ({ cell, value }) => {
  const thrown = await cell(
    "console.error(new Error('x').stack); await Deno.readTextFile('missing.txt')",
  );
  const texts = [JSON.stringify(thrown), JSON.stringify(await value("Deno.cwd()"))];
  const real = server.process.dataDir;
  for (const text of texts) assert(!text.includes(real), text);
});

testContexts("execute_code refuses a context and another language", async (context) => {
  const { client, session, value } = context;
  const refused = async (command: Record<string, unknown>) => {
    const code = "Deno.writeTextFileSync('ran', '')";
    const response = await client.call("session.execute", {
      sessionId: session.id,
      command: { type: "execute_code", code, ...command },
      // deno-lint-ignore no-explicit-any -- some are none of the contract's
    } as any);
    return response.error;
  };
  const { contextId } = await client.request("context.create", { sessionId: session.id });
  assertEquals((await refused({ context: contextId, language: "javascript" }))?.code, -32602);
  assertEquals((await refused({ context: "default", language: "python" }))?.code, -32602);
  assertEquals((await refused({ context: "default", stdin: "x" }))?.code, -32602);
  const seen = await value("Array.from(Deno.readDirSync('.')).map(({ name }) => name)");
  assertEquals(plainOf(seen), "[]");
}, { language: "typescript" });

Deno.test("a context ends with its session", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const command = { type: "execute_code", code: "1", context: "default" } as const;
  await session.execute(command);
  // Spares come and go; nobody else loads a module from an address of data.
  const kernels = await kernelsOf(server.process.pid);
  assert(kernels.length > 0, "the kernel runs");
  await client.request("session.close", { sessionId: session.id });
  await until(
    async () => (await survivors(kernels)).length === 0,
    5000,
    "the end of the context's processes",
  );
});

async function kernelsOf(pid: number) {
  const all = await descendants(pid);
  const pids = all.map(({ pid }) => `/proc/${pid}/cmdline`);
  const { stdout } = await runProgram("grep", ["-l", "data:application/javascript", ...pids]);
  return all.filter(({ pid }) => stdout.includes(`/proc/${pid}/`));
}
