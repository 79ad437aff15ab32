import { assertEquals, assertMatch } from "@std/assert";
import { LANGUAGE_IMAGES } from "../../../runtimes/build/language_images.ts";
import {
  CONTAINER_DENO,
  type Language,
  LANGUAGE_DEFINITIONS,
  languageDefinition,
  VERSION_REGEXP,
} from "../../../src/languages.ts";
import { requireImages, runInImage } from "./image_run.ts";

/** A program a language, which writes its first argument and ends with code 3. */
const PROGRAMS: Partial<Record<Language, string>> = {
  python: "import sys\nprint('hi ' + sys.argv[1])\nsys.exit(3)",
  javascript: "console.log('hi ' + process.argv[2]);\nprocess.exit(3);",
  go: 'package main\n\nimport (\n\t"fmt"\n\t"os"\n)\n\nfunc main() {\n' +
    '\tfmt.Println("hi " + os.Args[1])\n\tos.Exit(3)\n}',
  csharp: "using System;\n\nclass Program\n{\n  static int Main(string[] args)\n  {\n" +
    '    Console.WriteLine("hi " + args[0]);\n    return 3;\n  }\n}',
  bash: 'echo "hi $1"\nexit 3',
  ruby: 'puts "hi #{ARGV[0]}"\nexit 3',
  rust: 'fn main() {\n    println!("hi {}", std::env::args().nth(1).unwrap());\n' +
    "    std::process::exit(3);\n}",
  java: "public class Hello {\n  public static void main(String[] args) {\n" +
    '    System.out.println("hi " + args[0]);\n    System.exit(3);\n  }\n}',
  php: '<?php\necho "hi $argv[1]\\n";\nexit(3);',
  c: "#include <math.h>\n#include <stdio.h>\n\nint main(int argc, char **argv) {\n" +
    '  printf("hi %s\\n", argv[1]);\n  return (int)sqrt(argc + 7);\n}',
  cpp: "#include <iostream>\n\nint main(int, char **argv) {\n" +
    '  std::cout << "hi " << argv[1] << std::endl;\n  return 3;\n}',
};

const requirement = await requireImages(LANGUAGE_IMAGES.map(({ name }) => name));

for (const [language, program] of Object.entries(PROGRAMS) as [Language, string][]) {
  const { image, extension, compile, run, version } = languageDefinition(language);
  Deno.test({
    name: `the image of ${language} runs a program by the table's commands`,
    ...requirement,
    async fn() {
      const paths = { source: `/workspace/code${extension}`, output: "/tmp/output" };
      const steps = [...(compile ? [compile(paths)] : []), [...run(paths), "you there"]];
      const script = steps.map((words) => words.map(quote).join(" ")).join(" && ");
      const ended = await runInImage(image, script, { files: { [paths.source]: program } });
      assertEquals(ended, { code: 3, stdout: "hi you there\n", stderr: "" });
    },
  });

  Deno.test({
    name: `the image of ${language} says its version`,
    ...requirement,
    async fn() {
      const { stdout } = await runInImage(image, version.map(quote).join(" "));
      assertMatch(stdout, VERSION_REGEXP);
    },
  });
}

Deno.test("the programs of this test cover every language that does not run in the agent's Deno", () => {
  const others = Object.entries(LANGUAGE_DEFINITIONS)
    .filter(([, { run }]) => !run({ source: "", output: "" }).includes(CONTAINER_DENO))
    .map(([language]) => language);
  assertEquals(Object.keys(PROGRAMS).toSorted(), others.toSorted());
});

Deno.test({
  name: "every image runs as a user with a home, a workspace and a place for commands",
  ...requirement,
  async fn() {
    const script =
      "id -u; id -g; pwd; echo $HOME; echo $LANG; touch ~/a /workspace/b ~/.local/bin/c; " +
      "case :$PATH: in *:/home/codebeaker/.local/bin:*) echo path;; esac; ls -A /workspace; " +
      "test -s /etc/ssl/certs/ca-certificates.crt && echo certificates";
    for (const { name } of LANGUAGE_IMAGES) {
      const { stdout } = await runInImage(name, script);
      const expected = "65532 65532 /workspace /home/codebeaker C.UTF-8 path b certificates";
      assertEquals(stdout.trim().split("\n").join(" "), expected, name);
    }
  },
});

function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
