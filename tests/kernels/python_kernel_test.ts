import { assert, assertEquals, assertMatch } from "@std/assert";
import { installPythonPackage } from "../testutil/requirement.ts";
import { interrupted, kernelRequirement, withKernel } from "./kernel_session.ts";

const requirement = await kernelRequirement("python3");

function testPython(name: string, test: Parameters<typeof withKernel>[1]): void {
  Deno.test({ name, ...requirement, fn: () => withKernel("python", test) });
}

testPython("python_kernel keeps names, and gives the last value", async ({ cell, value }) => {
  await cell("import math\nx = 2\ndef f(): return x");
  assertEquals(await value("f() + 1"), "3");
  assertEquals(await value("_"), "3");
  assertEquals((await cell("f();")).results, []);
  assertEquals((await cell("x = 5")).results, []);
  assertEquals((await cell("")).results, []);
  assertEquals(await value("__name__"), "'__main__'");
});

testPython(
  "python_kernel awaits at top level, and asyncio.run() works beside it",
  async (context) => {
    const { cell, value } = context;
    assertEquals(await value("import asyncio\nasync def f(): return 7\nawait f()"), "7");
    assertEquals(await value("asyncio.run(f())"), "7");
    const { error } = await cell("async def g():\n    raise ValueError('v')\nawait g()");
    assertMatch(
      error?.traceback ?? "",
      /^Traceback[^]*<cell 3>", line 3, in <module>[^]*line 2, in g/,
    );
  },
);

testPython("python_kernel trims tracebacks to the user's frames", async ({ cell }) => {
  const { error } = await cell("def f():\n    return {}['k']\nf()");
  assertEquals([error?.name, error?.value], ["KeyError", "'k'"]);
  assert(!error?.traceback.includes("<kernel>"));
  assert(error?.traceback.includes("    return {}['k']"), "lines of cells are known");
  const chained =
    (await cell("try:\n    1/0\nexcept Exception as e:\n    raise KeyError('x') from e")).error;
  assertMatch(chained?.traceback ?? "", /ZeroDivisionError[^]*direct cause[^]*KeyError/);
  const syntax = (await cell("f(")).error;
  assertEquals(syntax?.name, "SyntaxError");
  assert(!syntax?.traceback.includes("kernel"));
});

testPython("python_kernel keeps its state when it is interrupted", async (session) => {
  const { cell, value } = session;
  await cell("kept = 1\nimport asyncio, subprocess, time");
  const endless = ["time.sleep(300)", "while True: pass", "await asyncio.sleep(300)"];
  for (const code of [...endless, "subprocess.run(['sleep', '300'])"]) {
    const answer = await interrupted(session, code);
    assertEquals([answer.interrupted, answer.error?.name], [true, "KeyboardInterrupt"], code);
    assertEquals(await value("kept"), "1");
  }
});

testPython(
  "python_kernel gives output of children in order, and end-of-file to input()",
  async (context) => {
    const { cell } = context;
    const { stdout } = await cell("import os\nprint('a')\nos.system('echo b')\nprint('c')");
    assertEquals(stdout, "a\nb\nc\n");
    assertEquals((await cell("input()")).error?.name, "EOFError");
    assertEquals((await cell("os.read(0, 1)")).results, [{ "text/plain": "b''" }]);
    const forked = await cell("if os.fork() == 0: print('child')\nelse: os.wait()");
    assertEquals(forked.stdout, "child\n");
    assertEquals((await cell("os.close(1); os.close(2)")).error, undefined);
    assertEquals((await cell("1")).results, [{ "text/plain": "1" }]);
  },
);

testPython("python_kernel sends large results and much output whole", async ({ cell }) => {
  const { stdout, results } = await cell("print('x' * 1_000_000)\n'y' * 100_000");
  assertEquals(stdout.length, 1_000_001);
  assertEquals((results[0]?.["text/plain"] as string).length, 100_002);
  const image = await cell("display({'image/png': b'p' * 3_000_000}, raw=True)");
  assertEquals((image.results[0]?.["image/png"] as string).length, 4_000_000);
  const tooLarge = await cell("display({'image/png': b'p' * 9_000_000}, raw=True)\n1");
  assertEquals(tooLarge.results, [{ "text/plain": "1" }]);
});

testPython("python_kernel sets variables for one cell, byte for byte", async ({ cell, value }) => {
  const V = "quote ' \" \\ new\nline $X `x` é";
  await cell("import os\nos.environ['OLD'] = 'old'");
  assertEquals((await cell("print(os.environ['V'], end='')", { V, OLD: "new" })).stdout, V);
  assertEquals(await value("os.environ.get('V'), os.environ['OLD']"), "(None, 'old')");
});

Deno.test({
  name: "python_kernel shows figures and data frames",
  ...requirement,
  async fn(t) {
    const { directory, python, why } = await installPythonPackage("matplotlib");
    const pandas = why ?? await install(python, "pandas");
    try {
      if (pandas !== undefined) {
        await Deno.stderr.write(new TextEncoder().encode(`Skipping figures: ${pandas}\n`));
        return;
      }
      await withKernel("python", async ({ cell }) => {
        await t.step("if there is a figure", async () => {
          const drawn = await cell("import matplotlib.pyplot as plt\nplt.plot([1, 2]);");
          assertMatch(drawn.results[0]?.["image/png"] as string, /^iVBORw0KGgo/);
          const shown = await cell("plt.plot([1])\nplt.show()\nplt.get_fignums()");
          assertEquals(shown.results.map(({ ["image/png"]: png }) => png !== undefined), [
            true,
            false,
          ]);
          assertEquals(shown.stderr, "");
          assertEquals((await cell("fig, ax = plt.subplots()\nfig")).results.length, 1);
        });
        await t.step("if there is a data frame", async () => {
          const { results } = await cell(
            "import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', None]})",
          );
          assertMatch(results[0]?.["text/html"] as string, /<table/);
          assertEquals(results[0]?.["application/json"], { a: [1, 2], b: ["x", null] });
        });
      }, { python });
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

async function install(python: string, name: string): Promise<string | undefined> {
  const { success } = await new Deno.Command(python, {
    args: ["-m", "pip", "install", "--quiet", name],
    stdout: "null",
    stderr: "null",
  }).output();
  return success ? undefined : `pip cannot install ${name}`;
}
