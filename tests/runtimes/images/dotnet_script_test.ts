import { assertEquals, assertMatch } from "@std/assert";
import { requireImages, runInImage } from "./image_run.ts";

const IMAGE = "codebeaker-dotnet:latest";
const requirement = await requireImages([IMAGE]);

const ECHO = `using System;
class Program
{
  static int Main(string[] args)
  {
    Console.WriteLine(string.Join("|", args) + "<" + Console.In.ReadToEnd() + ">");
    return 7;
  }
}`;
const USES_LIBRARY = `using System;
class Program { static void Main() { Console.WriteLine(Library.Text); } }`;
const LIBRARY = 'static class Library { public static string Text => "from a library"; }';
const BROKEN = `class Program
{
  static void Main() { Nothing(); }
}`;
const THROWS = `using System;
class Program { static void Main() { throw new Exception("on purpose"); } }`;
const SLEEPS = `using System.Threading;
class Program { static void Main() { Thread.Sleep(Timeout.Infinite); } }`;

function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name: `dotnet-script ${name}`, ...requirement, fn });
}

function run(script: string, files: Readonly<Record<string, string>>) {
  return runInImage(IMAGE, script, { files });
}

test("passes arguments, standard input and the exit code through", async () => {
  const files = { "a.cs": ECHO };
  const ended = await run("printf in | dotnet-script a.cs one 'two three' --four", files);
  assertEquals(ended, { code: 7, stdout: "one|two three|--four<in>\n", stderr: "" });
  const called = await run("printf in | dotnet script a.cs one", files);
  assertEquals(called, { code: 7, stdout: "one<in>\n", stderr: "" });
});

test('takes what follows "--" for arguments, even names of files', async () => {
  const { stdout } = await run("dotnet-script run a.cs -- a.cs -- x </dev/null", { "a.cs": ECHO });
  assertEquals(stdout, "a.cs|--|x<>\n");
});

test("compiles several files into one program", async () => {
  const files = { "a.cs": USES_LIBRARY, "-b.cs": LIBRARY };
  const { stdout, stderr } = await run("dotnet-script a.cs -b.cs", files);
  assertEquals([stdout, stderr], ["from a library\n", ""]);
});

test("writes compiler errors to stderr with the path as it was given, and ends with 1", async () => {
  const files = { "/workspace/Bad.cs": BROKEN };
  const message =
    "(3,24): error CS0103: The name 'Nothing' does not exist in the current context\n";
  for (const path of ["Bad.cs", "/workspace/Bad.cs"]) {
    const ended = await run(`dotnet-script ${path}; code=$?; ls /tmp; exit $code`, files);
    assertEquals(ended, { code: 1, stdout: "", stderr: path + message });
  }
});

test("names the line of an exception that nobody catches", async () => {
  const { code, stderr } = await run("dotnet-script a.cs", { "a.cs": THROWS });
  assertEquals(code, 134);
  assertMatch(stderr, /on purpose\n\s+at Program\.Main\(\) in \/workspace\/a\.cs:line 2/);
});

test("compiles into a directory, and runs it from there any number of times", async () => {
  const script = "dotnet-script compile --output /tmp/out a.cs && rm a.cs && " +
    "{ dotnet-script exec /tmp/out x </dev/null; dotnet-script exec /tmp/out y </dev/null; }";
  const ended = await run(script, { "a.cs": ECHO });
  assertEquals(ended, { code: 7, stdout: "x<>\ny<>\n", stderr: "" });
});

test("leaves nothing behind where compiling fails", async () => {
  const script = "dotnet-script compile --output /tmp/out a.cs 2>/dev/null; echo $?; ls /tmp";
  assertEquals((await run(script, { "a.cs": BROKEN })).stdout, "1\n");
});

test("runs many at a time, each by itself, and removes what it made", async () => {
  const script = "for i in 1 2 3 4; do dotnet-script a.cs $i </dev/null & done; wait; " +
    'for i in $(seq 50); do [ -n "$(ls /tmp)" ] || break; sleep 0.1; done; ls /tmp';
  const { stdout } = await run(script, { "a.cs": ECHO });
  assertEquals(stdout.trim().split("\n").toSorted(), ["1<>", "2<>", "3<>", "4<>"]);
});

test("removes what it made although the program is killed", async () => {
  // The program's own process is the one that was started: it can be signalled.
  const script = "dotnet-script a.cs & until grep -qs Program.dll /proc/$!/cmdline; " +
    "do sleep 0.1; done; kill -9 $!; wait $!; echo $?; " +
    'for i in $(seq 50); do [ -n "$(ls /tmp)" ] || break; sleep 0.1; done; ls /tmp';
  assertEquals((await run(script, { "a.cs": SLEEPS })).stdout, "137\n");
});

for (
  const [args, message] of [
    ["missing.cs", "cannot compile missing.cs: there is no such file"],
    ["run", "cannot run nothing: name a file that ends in .cs or .csx"],
    ["program.txt", "cannot run program.txt: name a file that ends in .cs or .csx"],
    ["--frob", "there is no option --frob"],
    ["compile a.cs", "expected: dotnet-script compile --output DIRECTORY FILE.cs"],
    ["exec /nowhere", "cannot run /nowhere: nothing was compiled there"],
  ]
) {
  test(`${args} says what is wrong`, async () => {
    const { code, stdout, stderr } = await run(
      `dotnet-script ${args}; code=$?; ls /tmp; exit $code`,
      {},
    );
    assertEquals([code, stdout], [2, ""]);
    assertEquals(stderr.includes(message!), true, stderr);
  });
}
