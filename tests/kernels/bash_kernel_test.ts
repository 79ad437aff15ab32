import { assertEquals, assertMatch, assertRejects } from "@std/assert";
import type { OutputSink } from "../../src/runtimes/runtime.ts";
import { interrupted, kernelRequirement, withKernel } from "./kernel_session.ts";

const requirement = await kernelRequirement("bash");

function testBash(name: string, test: Parameters<typeof withKernel>[1]): void {
  Deno.test({ name, ...requirement, fn: () => withKernel("bash", test) });
}

testBash("bash_kernel keeps directory, variables, functions and options", async ({ cell }) => {
  await cell("cd /usr; x=1; export Y=2; declare -A map=([k]=v); f() { echo f$1; }; IFS=,; set -u");
  const { stdout } = await cell("pwd; echo $x ${map[k]}; bash -c 'echo $Y'; f 3; echo err >&2");
  assertEquals(stdout, "/usr\n1 v\n2\nf3\n");
  assertEquals(
    (await cell("cat <<X\nhere $x\nX\nprintf '%s\\n' 'a\\nb' é")).stdout,
    "here 1\na\\nb\né\n",
  );
  await cell("name=x pair=y at=z");
  assertEquals((await cell("echo $name$pair$at")).stdout, "xyz\n");
});

testBash(
  "bash_kernel tells the exit code of a cell, and the next one has it in $?",
  async ({ cell }) => {
    const { error } = await cell("f() { return 3; }; f");
    assertEquals([error?.name, error?.value], ["ExitCode", "3"]);
    assertEquals((await cell("echo $?")).stdout, "3\n");
    const syntax = await cell("if ; then");
    assertEquals(syntax.error?.name, "ExitCode");
    assertMatch(syntax.stderr, /syntax error/);
  },
);

testBash("bash_kernel leaves an interrupted cell, and keeps its state", async (session) => {
  const { cell } = session;
  await cell("kept=1");
  const nested = "g() { while :; do :; done; echo NO; }; h() { g; echo NO; }; h";
  const endless = ["sleep 300", "while :; do :; done", nested, "x=$(sleep 300)", "sleep 300 | cat"];
  for (const code of endless) {
    const { interrupted: was, stdout } = await interrupted(session, `${code}; echo NO`);
    assertEquals([was, stdout], [true, ""], code);
    assertEquals((await cell("echo $kept; echo more")).stdout, "1\nmore\n");
  }
});

testBash("bash_kernel sets variables for one cell, and gives no input", async ({ cell }) => {
  const V = "quote ' \" \\ \\n new\nline $X `x` é\x1f";
  await cell("OLD=old");
  assertEquals(
    (await cell("printf %s \"$V\"; bash -c 'echo $OLD'", { V, OLD: "new" })).stdout,
    `${V}new\n`,
  );
  assertEquals((await cell("echo ${V-none} $OLD; bash -c 'echo $OLD'")).stdout, "none old\n\n");
  assertEquals((await cell("read line; echo $? $line; cat")).stdout, "1\n");
});

testBash("bash_kernel ends when a cell exits", async ({ cell }) => {
  await assertRejects(() => cell("exit 7"), Error, '"exitCode":7');
});

testBash("bash_kernel keeps what goes on out of the output of other cells", async ({ cell }) => {
  assertEquals(
    (await cell("(sleep 0.2; echo late; echo late >&2) & echo first")).stdout,
    "first\n",
  );
  const second = await cell("job=$!; sleep 0.5; echo second; echo err >&2");
  assertEquals([second.stdout, second.stderr], ["second\n", "err\n"]);
  // It is not ended or held up by that, and is still known.
  await cell(
    "(for i in {1..2000}; do echo line $i of many that nobody reads; done; touch done) & x=$!",
  );
  const { stdout } = await cell(
    "wait $x; echo $?; ls; [[ -n $job ]] && echo known; jobs -p | wc -l",
  );
  assertEquals(stdout, "0\ndone\nknown\n0\n");
  await cell("exec 3>&1 >log; echo kept; (sleep 0.1; echo late >&3) &");
  assertEquals((await cell("sleep 0.3; cat log >&2")).stderr, "kept\n");
  const many = await cell("exec >&3; for i in {1..20000}; do echo $i; done");
  assertEquals(many.stdout, "", "that pipe is of a former cell");
});

testBash("bash_kernel gives input to a cell", async (session) => {
  for (const stdin of ["one\ntwo\n", "no \\n line end", "ä\x1f"]) {
    const { output, text } = collected();
    const signal = new AbortController().signal;
    await session.context.run({ code: "cat", env: undefined, stdin, output, signal });
    assertEquals(text(), stdin);
  }
  assertEquals((await session.cell("cat")).stdout, "");
});

function collected() {
  let all = "";
  const decoder = new TextDecoder();
  const output: OutputSink = (stream, bytes) => {
    if (stream === "stdout") all += decoder.decode(bytes, { stream: true });
  };
  return { output, text: () => all };
}
