import { assertEquals, assertMatch, assertRejects } from "@std/assert";
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
