import { assertEquals } from "@std/assert";
import { nearMiss } from "../../src/sessions/near_miss.ts";

const FILE = "function f() {\n\treturn  1;\n}\n\nconst Name = f();\n";

function hint(wanted: string, file = FILE): string | undefined {
  return nearMiss(new TextEncoder().encode(file), wanted);
}

Deno.test("nearMiss() finds a text with other white space", () => {
  assertEquals(hint("  return 1;\n}\n"), "at line 2 it differs in white space only");
  assertEquals(hint("const  Name"), "at line 5 it differs in white space only");
  assertEquals(hint("f() {\n return 1;\n}"), "at line 1 it differs in white space only");
});

Deno.test("nearMiss() tells of other line ends", () => {
  assertEquals(
    hint("a\nb", "x\r\na\r\nb\r\n"),
    "at line 2 it differs in white space only: the file has CRLF line ends",
  );
  assertEquals(
    hint("a\r\nb", "a\nb\n"),
    "at line 1 it differs in white space only: the file has LF line ends",
  );
});

Deno.test("nearMiss() tells of capitals, and of a first line that is there", () => {
  assertEquals(hint("const name"), "at line 5 it differs in capitals");
  assertEquals(
    hint("function f() {\n  return 2;\n}"),
    "its first line stands at line 1, and what follows is different",
  );
});

Deno.test("nearMiss() says nothing where nothing is like it", () => {
  assertEquals(hint("class C {}"), undefined);
  assertEquals(hint("\n \n"), undefined);
  assertEquals(hint("x", "a".repeat(2 * 1024 * 1024)), undefined);
});
