import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";

const server = sharedServer({
  env: { ONLY_FOR_THE_SERVER: "secret", ...queryEnv(import.meta.url) },
});

/** Fails if a text tells where the session's files are on the host, or how the server runs code. */
function assertNoHostPath(text: string): void {
  assert(!text.includes(server.process.dataDir), text);
  assert(!text.includes(new URL("../../", import.meta.url).pathname), text);
  assert(!/bootstrap|--preload/.test(text), text);
}

Deno.test("execute_code runs TypeScript that has to be emitted", () =>
  server.withSession(async (session) => {
    const code = `
enum Color { Red, Green = 5 }
namespace Shapes { export const sides = 4; }
class Point { constructor(readonly x: number, private y = 2) {} sum() { return this.x + this.y; } }
abstract class Base<T> { abstract get(): T; }
const value = { a: 1 } satisfies Record<string, number> as unknown;
console.log(Color.Green, Color[0], Shapes.sides, new Point(1).sum(), typeof Base, typeof value);`;
    assertEquals(await session.output(code), "5 Red 4 3 function object");
  }));

Deno.test("execute_code runs JavaScript", () =>
  server.withSession(async (session) => {
    const code = "var a = 1; console.log(a?.b ?? 'none', [...'ab'].at(-1));";
    assertEquals(await session.output(code), "none b");
    assertEquals(
      await session.output(code, { language: "javascript" }),
      "none b",
    );
  }));

Deno.test("execute_code refuses a language the session does not run", () =>
  server.withSession(async (session) => {
    await using client = await server.connect();
    const command = {
      type: "execute_code",
      code: "print(1)",
      language: "python",
    };
    const error = await client.requestError("session.execute", {
      sessionId: session.id,
      command,
    });
    assertEquals(error.code, -32602);
    assertStringIncludes(error.message, "python");
  }));

Deno.test("execute_code imports workspace files", () =>
  server.withSession(async (session) => {
    await session.write(
      "lib/a.ts",
      "import { b } from './b.ts'; export const a: number = b + 1;",
    );
    await session.write("lib/b.ts", "export const b = 1;");
    await session.write("data.json", '{"n": 5}');
    assertEquals(
      await session.output("import { a } from './lib/a.ts'; console.log(a)"),
      "2",
    );
    assertEquals(
      await session.output(
        "import { b } from '/workspace/lib/b.ts'; console.log(b)",
      ),
      "1",
    );
    assertEquals(
      await session.output(
        "const { a } = await import('./lib/a.ts'); console.log(a)",
      ),
      "2",
    );
    assertEquals(
      await session.output(
        "const { b } = await import('/workspace/lib/b.ts'); console.log(b)",
      ),
      "1",
    );
    assertEquals(
      await session.output(
        "const { b } = await import('file:///workspace/lib/b.ts'); console.log(b)",
      ),
      "1",
    );
    const json = "import data from './data.json' with { type: 'json' }; console.log(data.n)";
    assertEquals(await session.output(json), "5");
  }));

Deno.test("execute_code sees changed files in the next execution", () =>
  server.withSession(async (session) => {
    const code = "import { v } from './v.ts'; console.log(v)";
    for (const v of ["1", "2"]) {
      await session.write("v.ts", `export const v = ${v};`);
      assertEquals(await session.output(code), v);
    }
  }));

Deno.test("execute_code gives the program what a main module has", () =>
  server.withSession(async (session) => {
    assertEquals(
      await session.output("console.log(await Promise.resolve('top'))"),
      "top",
    );
    assertEquals(await session.output("console.log(import.meta.main)"), "true");
    assertMatch(
      await session.output("console.log(import.meta.url)"),
      /^file:\/\/\/workspace\//,
    );
    assertEquals(await session.output("console.log(Deno.cwd())"), "/workspace");
    const args = ["a b", "--flag", "-x", "", "ü"];
    const got = await session.output("console.log(JSON.stringify(Deno.args))", {
      args,
    });
    assertEquals(JSON.parse(got), args);
  }));

Deno.test("execute_code feeds stdin and then its end", () =>
  server.withSession(async (session) => {
    const code =
      "const text = await new Response(Deno.stdin.readable).text(); console.log(text.length, text)";
    assertEquals(
      await session.output(code, { stdin: "zwei\nZeilen ☕" }),
      "13 zwei\nZeilen ☕",
    );
    assertEquals(await session.output(code), "0 ");
    const big = "x".repeat(2 ** 20);
    const count = "console.log((await new Response(Deno.stdin.readable).text()).length)";
    assertEquals(await session.output(count, { stdin: big }), `${2 ** 20}`);
    assert(
      await session.output("console.log('unread')", { stdin: big }) ===
        "unread",
    );
  }));

Deno.test("execute_code shows the workspace with the client's files only", () =>
  server.withSession(async (session) => {
    await session.write("b.txt", "");
    await session.write("a/c.txt", "");
    const list =
      "console.log([...Deno.readDirSync('/workspace')].map((e) => e.name).sort().join())";
    assertEquals(await session.output(list), "a,b.txt");
    assertEquals(await session.output(list), "a,b.txt");
  }));

Deno.test("execute_code cuts one newline off the output, and only one", () =>
  server.withSession(async (session) => {
    assertEquals(await session.output("console.log('a\\n')"), "a\n");
    assertEquals(
      await session.output(
        "Deno.stdout.writeSync(new TextEncoder().encode('a'))",
      ),
      "a",
    );
    assertEquals(await session.output(""), "");
  }));

Deno.test("execute_code reports an uncaught error at the user's line", () =>
  server.withSession(async (session) => {
    const code =
      "const a = 1;\n\nfunction boom(): never {\n  throw new TypeError('bad thing');\n}\nboom();";
    const { success, status, exitCode, error } = await session.code(code);
    assertEquals([success, status, exitCode], [false, "nonzero_exit", 1]);
    assertStringIncludes(error!, "TypeError: bad thing");
    assertMatch(error!, /\/workspace\/[^:\s]*:4:9/);
    assertMatch(error!, /\/workspace\/[^:\s]*:6:1/);
    assertNoHostPath(error!);
  }));

Deno.test("execute_code reports an error inside an imported file", () =>
  server.withSession(async (session) => {
    await session.write(
      "lib.ts",
      "export function f(): void {\n  throw new Error('in lib');\n}",
    );
    const { error } = await session.code("import { f } from './lib.ts';\nf();");
    assertMatch(error!, /\/workspace\/lib\.ts:2:9/);
    assertNoHostPath(error!);
  }));

Deno.test("execute_code reports syntax errors and missing imports without host paths", () =>
  server.withSession(async (session) => {
    for (
      const code of [
        "const = 1;",
        "import './missing.ts';",
        "await import('/workspace/no.ts')",
      ]
    ) {
      const { success, error } = await session.code(code);
      assertEquals(success, false, code);
      assert(error !== null && error.length > 0);
      assertNoHostPath(error);
    }
  }));

Deno.test("execute_code reports exit codes and keeps the output before them", () =>
  server.withSession(async (session) => {
    const seven = await session.code(
      "console.log('before'); Deno.exit(7); console.log('after');",
    );
    assertEquals([seven.success, seven.exitCode, seven.status], [
      false,
      7,
      "nonzero_exit",
    ]);
    assertEquals(seven.result, "before");
    const zero = await session.code("console.log('x'); Deno.exit(0)");
    assertEquals([zero.success, zero.result], [true, "x"]);
    const later = await session.code("Deno.exitCode = 3; console.log('y')");
    assertEquals([later.exitCode, later.result], [3, "y"]);
  }));

Deno.test("execute_code reports an unhandled rejection", () =>
  server.withSession(async (session) => {
    const { success, exitCode, error } = await session.code(
      "Promise.reject(new RangeError('nobody cares')); await new Promise((r) => setTimeout(r, 50));",
    );
    assertEquals([success, exitCode], [false, 1]);
    assertStringIncludes(error!, "RangeError: nobody cares");
  }));

Deno.test("execute_code ends an endless loop at its timeout and the session works on", () =>
  server.withSession(async (session) => {
    const code = "console.log('begun'); for (;;);";
    const { success, status, result, limit } = await session.code(code, {
      timeoutMs: 700,
    });
    assertEquals([success, status, result], [false, "timeout", "begun"]);
    assertEquals([limit?.kind, limit?.configured], ["time", 700]);
    assertEquals(await session.output("console.log('next')"), "next");
  }));

Deno.test("execute_code waits for open timers, and for an interval until the timeout", () =>
  server.withSession(async (session) => {
    const short = await session.code(
      "setTimeout(() => console.log('late'), 50)",
    );
    assertEquals([short.status, short.result], ["ok", "late"]);
    const endless = await session.code(
      "setInterval(() => {}, 10); console.log('on')",
      {
        timeoutMs: 500,
      },
    );
    assertEquals([endless.status, endless.result], ["timeout", "on"]);
  }));

Deno.test("execute_code refuses code over the limit and names the limit", () =>
  server.withSession(async (session) => {
    await using client = await server.connect();
    const code = `/*${"x".repeat(10 * 2 ** 20)}*/`;
    const command = { type: "execute_code", code };
    const error = await client.requestError("session.execute", {
      sessionId: session.id,
      command,
    });
    assertEquals(error.code, -32006);
    assertMatch(error.message, /4 ?MiB|4194304/);
    assertEquals(await session.output("console.log('fine')"), "fine");
  }));

Deno.test("execute_code shares nothing between executions but files", () =>
  server.withSession(async (session) => {
    await session.output(
      "globalThis.leak = 1; Object.prototype.leaked = 1; Deno.writeTextFileSync('f', 'x')",
    );
    const code = "console.log(typeof globalThis.leak, ({}).leaked, Deno.readTextFileSync('f'))";
    assertEquals(await session.output(code), "undefined undefined x");
  }));

Deno.test("execute_code gives env of the session and the command to code that may read it", () =>
  server.withSession(async (session) => {
    const code = "console.log(Deno.env.get('A'), Deno.env.get('B'), process.env.A)";
    assertEquals(
      await session.output(code, { env: { B: "command" } }),
      "session command session",
    );
    assertEquals(await session.output(code), "session undefined session");
    assertEquals(
      await session.output(code, { env: { A: "over" } }),
      "over undefined over",
    );
  }, { env: { A: "session" }, permissions: { allowEnv: ["A", "B"] } }));

Deno.test("execute_code never shows the server's own environment", () =>
  server.withSession(async (session) => {
    const code = "console.log(Object.keys(Deno.env.toObject()).sort().join())";
    const names = (await session.output(code)).split(",");
    const own = ["CODEBEAKER_PORT", "CODEBEAKER_DATA_DIR", "ONLY_FOR_THE_SERVER"];
    assertEquals(names.filter((name) => own.includes(name)), []);
  }, { permissions: { allowEnv: true } }));

Deno.test("execute_code has process and the node builtins", () =>
  server.withSession(async (session) => {
    const code = `
import { join } from "node:path";
import { readFileSync, writeFileSync } from "node:fs";
import { Buffer } from "node:buffer";
import { createHash } from "node:crypto";
import process from "node:process";
writeFileSync("n.txt", "node");
process.stdout.write(readFileSync("n.txt", "utf8") + "\\n");
console.log(join("a", "b"), Buffer.from("hi").toString("hex"), typeof process.version);
console.log(createHash("sha256").update("").digest("hex").slice(0, 8));`;
    assertEquals(await session.output(code), "node\na/b 6869 string\ne3b0c442");
  }));

Deno.test("execute_code keeps to the memory limit and the session works on", () =>
  server.withSession(async (session) => {
    const code = "const hold = []; for (;;) hold.push(new Array(1e5).fill(Math.random()));";
    const { success, status, limit, error } = await session.code(code, {
      timeoutMs: 25_000,
    });
    assertEquals([success, status, limit?.kind], [
      false,
      "memory_limit",
      "memory",
    ]);
    assertMatch(error!, /memory/i);
    assertEquals(await session.output("console.log('next')"), "next");
  }, { memoryLimitMB: 64 }));

Deno.test("execute_code returns bytes that are not UTF-8 exactly", () =>
  server.withSession(async (session) => {
    const code = "Deno.stdout.writeSync(new Uint8Array([104, 255, 105]))";
    const { result, stdoutBase64, stdoutBytes } = await session.code(code);
    assertEquals([result, stdoutBase64, stdoutBytes], [
      "h\uFFFDi",
      btoa("h\xffi"),
      3,
    ]);
  }));

Deno.test("execute_code ends what the code left running", () =>
  server.withSession(async (session) => {
    const code =
      "new Worker('data:application/javascript,for(;;);', { type: 'module' }); console.log('main')";
    const { status } = await session.code(code, { timeoutMs: 800 });
    assert(status === "timeout" || status === "nonzero_exit", status);
    assertEquals(await session.output("console.log('next')"), "next");
  }));
