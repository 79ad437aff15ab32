import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import { kernelProgram } from "../../src/kernels/kernel_programs.ts";
import { until } from "../testutil/within.ts";
import { interrupted, kernelRequirement, withKernel } from "./kernel_session.ts";

const requirement = await kernelRequirement(Deno.execPath());

function testDeno(
  name: string,
  test: Parameters<typeof withKernel>[1],
  language: "javascript" | "typescript" = "typescript",
): void {
  Deno.test({ name, ...requirement, fn: () => withKernel(language, test) });
}

testDeno("deno_kernel keeps names, and lets a cell declare them again", async ({ cell, value }) => {
  await cell("const x: number = 1; interface P { a: string }\nfunction f(p?: P) { return x }");
  assertEquals(await value("const x = await Promise.resolve(2); f()"), "2");
  assertEquals(await value("enum E { A, B }\nE.B"), "1");
  assertEquals(await value("let v = 1n; v"), "1n");
  assertEquals((await cell("undefined")).results, []);
  assertEquals(await value("null"), "null");
  assertEquals(await value("Promise.resolve(4)"), "Promise { 4 }");
  assertEquals(await value("export const y = 3; y"), "3");
  assertEquals(await value("import { join } from 'node:path';\njoin('a', 'b')"), '"a/b"');
  assertEquals(await value("require('node:path').sep"), '"/"');
});

testDeno("deno_kernel tells errors with the places in cells", async ({ cell }) => {
  await cell("function f() {\n  throw new TypeError('bad');\n}");
  assertEquals((await cell("f()")).error, {
    name: "TypeError",
    value: "bad",
    traceback: "TypeError: bad\n    at f (cell_1:2:9)\n    at cell_2:1:1",
  });
  assertEquals((await cell("throw 'text'")).error?.value, "text");
  const syntax = (await cell("let q = ;")).error;
  assertEquals([syntax?.name, syntax?.value], ["SyntaxError", "Expression expected"]);
  assertMatch(syntax?.traceback ?? "", /cell_4:1:9/);
  await cell(
    "setTimeout(() => { throw new Error('late') }, 0); Promise.reject(new Error('nobody'))",
  );
  const { stderr } = await cell("await new Promise((done) => setTimeout(done, 50))");
  assertMatch(stderr, /Error: late|Error: nobody/);
});

testDeno("deno_kernel tells errors of JavaScript with their places", async ({ cell }) => {
  const { error } = await cell("const a = 1;\nlet q = ;");
  assertEquals(error?.traceback, "SyntaxError: Unexpected token ';'\n    at cell_1:2:9");
}, "javascript");

testDeno("deno_kernel keeps its state when it is interrupted", async (session) => {
  const { cell, value } = session;
  await cell("const kept = 1;");
  const wait = "await new Promise((r) => setTimeout(r, 300000))";
  const endless = [
    `${wait}; 1`,
    `for (;;) ${wait.replace("300000", "1")}`,
    "for (;;);",
    "await 1; while (true) { try { for (;;); } catch {} finally {} }",
    "(async () => { for (;;) await null })(); await new Promise(() => {})",
    "setTimeout(() => { for (;;); }, 5); await new Promise(() => {})",
    "for (;;) JSON.parse(JSON.stringify([1, { a: 2 }]))",
  ];
  for (const code of endless) {
    const answer = await interrupted(session, code);
    assertEquals([answer.interrupted, answer.error?.name], [true, "Interrupted"], code);
    // Promises that will never settle must survive the collection of garbage.
    await cell("for (let i = 0; i < 300; i++) new Array(1e5).fill(i)");
    assertEquals(await value("kept"), "1");
  }
  const { stdout } = await cell("await new Promise((r) => setTimeout(r, 30))");
  assertEquals(stdout, "", "nothing goes on");
});

testDeno("deno_kernel keeps nothing of what cells before have made", async ({ cell, value }) => {
  for (let count = 0; count < 5; count++) await cell("undefined");
  await cell(
    "globalThis.made = Array.from({ length: 100 }, () => new WeakRef(Promise.resolve()));",
  );
  await cell("for (let i = 0; i < 300; i++) new Array(1e5).fill(i)");
  await cell("await new Promise((r) => setTimeout(r, 30))");
  await cell("for (let i = 0; i < 300; i++) new Array(1e5).fill(i)");
  assertEquals(await value("made.every((each) => each.deref() === undefined)"), "true");
});

Deno.test({
  name: "deno_kernel does not begin a cell that is interrupted before its turn",
  ...requirement,
}, async () => {
  const { argv, encode, greeting } = kernelProgram("javascript")!;
  const args = argv.slice(1);
  const options = { args, stdin: "piped", stdout: "piped", stderr: "null" } as const;
  const child = new Deno.Command(Deno.execPath(), options).spawn();
  const input = child.stdin.getWriter();
  const write = (text: string) => input.write(new TextEncoder().encode(text));
  let output = "";
  const reading = child.stdout.pipeThrough(new TextDecoderStream())
    .pipeTo(new WritableStream({ write: (text) => void (output += text) }));
  try {
    await write(greeting("token"));
    const told = (text: string) => until(() => output.includes(text), 10_000, text);
    await told("ready");
    for (let id = 1; id < 20; id += 2) {
      const cell = { type: "cell", count: 1 } as const;
      await write(
        encode({ ...cell, id, code: "for (;;);" }) + encode({ type: "interrupt", id }),
      );
      await told(`"end","id":${id},"interrupted":true`);
      await write(encode({ ...cell, id: id + 1, code: "1 + 1" }));
      await told(`"end","id":${id + 1}}`);
    }
  } finally {
    child.kill("SIGKILL");
    await Promise.allSettled([child.status, reading, input.close()]);
  }
});

testDeno("deno_kernel shows what values offer", async ({ cell }) => {
  const { results } = await cell(`
    await display({ "text/markdown": "# x", "image/png": new Uint8Array([1, 2, 3]) }, { raw: true });
    await display([1]);
    ({ [Symbol.for("Jupyter.display")]: () => ({ "text/html": "<b>", "text/plain": "b" }) })`);
  assertEquals(results, [
    { "text/markdown": "# x", "image/png": "AQID", "text/plain": "" },
    { "text/plain": "[ 1 ]" },
    { "text/html": "<b>", "text/plain": "b" },
  ]);
});

testDeno("deno_kernel sets variables for one cell, and gives no input", async ({ cell, value }) => {
  const V = "quote ' \" \\ new\nline $X `x` é";
  assertEquals((await cell("console.log(Deno.env.get('V'))", { V })).stdout, `${V}\n`);
  assertEquals((await cell("Deno.env.get('V')")).results, []);
  assertEquals(await value("await Deno.stdin.read(new Uint8Array(1))"), "null");
  const { stdout, results } = await cell("console.log('x'.repeat(1e6)); 'y'.repeat(1e5)");
  assertEquals([stdout.length, (results[0]?.["text/plain"] as string).length], [1e6 + 1, 1e5 + 2]);
});

testDeno("deno_kernel ends when a cell exits", async ({ cell }) => {
  await assertRejects(() => cell("Deno.exit(4)"), Error, '"exitCode":4');
});
