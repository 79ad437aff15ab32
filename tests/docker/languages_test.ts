import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { type Language, LANGUAGE_DEFINITIONS, LANGUAGES } from "../../src/languages.ts";
import { until } from "../testutil/within.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

interface Program {
  readonly hello: string;
  /** Prints its arguments and its standard input, then exits with 3. */
  readonly echo?: string;
  /** Does not compile, or does not parse. */
  readonly broken: string;
}

const PROGRAMS: Record<Language, Program> = {
  python: {
    hello: "print('hello')",
    echo: "import sys\nprint(sys.argv[1:], sys.stdin.read())\nsys.exit(3)",
    broken: "def",
  },
  javascript: {
    hello: "console.log('hello')",
    echo: `const text = require("node:fs").readFileSync(0, "utf8");
console.log(process.argv.slice(2).join("+"), text);
process.exit(3);`,
    broken: "const = 1",
  },
  typescript: { hello: "const x: string = 'hello';\nconsole.log(x)", broken: "const = 1" },
  deno: { hello: "enum A { B = 'hello' }\nconsole.log(A.B)", broken: "const = 1" },
  go: {
    hello: 'package main\nimport "fmt"\nfunc main() { fmt.Println("hello") }',
    echo: `package main
import ("fmt"; "io"; "os")
func main() { b, _ := io.ReadAll(os.Stdin); fmt.Println(os.Args[1:], string(b)); os.Exit(3) }`,
    broken: "package main\nfunc main() { undefined() }",
  },
  csharp: {
    hello: 'using System; class P { static void Main() { Console.WriteLine("hello"); } }',
    echo: `using System; class P { static int Main(string[] a) {
Console.WriteLine(string.Join("+", a) + " " + Console.In.ReadToEnd()); return 3; } }`,
    broken: "class P { static void Main() { Nope(); } }",
  },
  bash: { hello: "echo hello", echo: 'echo "$@" "$(cat)"; exit 3', broken: "if" },
  ruby: { hello: "puts 'hello'", echo: "puts ARGV.join('+'), STDIN.read; exit 3", broken: "def" },
  rust: {
    hello: 'fn main() { println!("hello"); }',
    echo: `use std::io::Read;
fn main() { let mut s = String::new(); std::io::stdin().read_to_string(&mut s).unwrap();
println!("{:?} {}", std::env::args().skip(1).collect::<Vec<_>>(), s); std::process::exit(3); }`,
    broken: "fn main() { nope(); }",
  },
  java: {
    hello: 'class M { public static void main(String[] a) { System.out.println("hello"); } }',
    echo: `class M { public static void main(String[] a) throws Exception {
System.out.println(String.join("+", a) + " " + new String(System.in.readAllBytes())); System.exit(3); } }`,
    broken: "class M { public static void main(String[] a) { nope(); } }",
  },
  php: {
    hello: "<?php echo 'hello', PHP_EOL;",
    echo:
      "<?php echo implode('+', array_slice($argv, 1)), ' ', stream_get_contents(STDIN); exit(3);",
    broken: "<?php function {",
  },
  c: {
    hello: '#include <stdio.h>\nint main(void) { puts("hello"); return 0; }',
    echo: `#include <stdio.h>
int main(int n, char **a) { for (int i = 1; i < n; i++) printf("%s+", a[i]);
int c; while ((c = getchar()) != EOF) putchar(c); return 3; }`,
    broken: "int main(void) { return nope(); }\nint x = ;",
  },
  cpp: {
    hello: '#include <iostream>\nint main() { std::cout << "hello" << std::endl; }',
    broken: "int main() { nope(); }",
  },
};

const images = [...new Set(Object.values(LANGUAGE_DEFINITIONS).map(({ image }) => image))];
const requirement = await dockerWith(...images);
const server = dockerServer(requirement, { env: { CODEBEAKER_CONTAINER_SPARES: "1" } });

for (const language of LANGUAGES) {
  Deno.test({
    ...requirement,
    name: `execute_code runs ${language} in a container`,
    async fn(t) {
      await server.withSession(async (session) => {
        const { hello, echo, broken } = PROGRAMS[language];
        await t.step("hello", async () => {
          const answer = await session.code(hello);
          assertEquals([answer.success, answer.result, answer.error], [true, "hello", null]);
        });
        await t.step("arguments, standard input and exit code", async () => {
          if (echo === undefined) return;
          const answer = await session.code(echo, { args: ["one", "two words"], stdin: "in" });
          assertEquals([answer.status, answer.exitCode], ["nonzero_exit", 3], String(answer.error));
          assertMatch(String(answer.result), /one.*two words.*in/s);
        });
        await t.step("code that is wrong", async () => {
          const answer = await session.code(broken);
          const compiled = "compile" in LANGUAGE_DEFINITIONS[language];
          assertEquals(answer.status, compiled ? "compile_error" : "nonzero_exit");
          assertEquals(answer.stage, compiled ? "compile" : undefined);
          assertEquals(answer.success, false);
          assertEquals((answer.error ?? "").length > 10, true);
        });
        await t.step("nothing of it is left", async () => {
          const { result } = await session.execute({ type: "list_directory" });
          const { entries } = result as { entries: { name: string }[] };
          assertEquals(entries.filter(({ name }) => name.includes("code")).map((e) => e.name), []);
        });
      }, { language, runtime: "docker" });
    },
  });
}

Deno.test({
  ...requirement,
  name: "execute_code in a container imports files of the session",
  async fn() {
    await server.withSession(async (session) => {
      await session.write("helper.py", "VALUE = 41\n");
      assertEquals(await session.output("from helper import VALUE\nprint(VALUE + 1)"), "42");
    }, { language: "python" });
    await server.withSession(async (session) => {
      await session.write("helper.js", "exports.value = 41;\n");
      assertEquals(await session.output("console.log(require('./helper').value + 1)"), "42");
    }, { language: "javascript" });
  },
});

Deno.test({
  ...requirement,
  name: "execution.run runs code of any language without a session",
  async fn() {
    await using client = await server.connect();
    const answer = await client.request("execution.run", {
      language: "python",
      code: "import sys; print(sys.stdin.read().upper())",
      stdin: "quiet",
    });
    assertEquals([answer.success, answer.result], [true, "QUIET"]);
    assertEquals((await client.request("session.list", {})).count, 0);
  },
});

Deno.test({
  ...requirement,
  name: "language.list tells image and version of what can be served",
  async fn() {
    await using client = await server.connect();
    const list = async () => (await client.request("language.list", {})).languages;
    // Versions are asked of the first container that is kept ready.
    await until(
      async () => (await list()).find(({ name }) => name === "python")?.version !== undefined,
      30_000,
      "the version of Python",
    );
    const languages = await list();
    const python = languages.find(({ name }) => name === "python");
    assertEquals([python?.runtimes, python?.defaultImage], [
      ["docker"],
      "codebeaker-python:latest",
    ]);
    assertMatch(python?.version ?? "", /^3\.\d+/);
    const typescript = languages.find(({ name }) => name === "typescript");
    assertEquals(typescript?.runtimes, ["deno", "docker"]);
    assertStringIncludes(python?.aliases.join() ?? "", "py");
  },
});
