import { assertEquals } from "@std/assert";
import { StartFailure } from "../../../src/runtimes/deno/start_failure.ts";

function writeAll(parts: readonly string[], program = "x") {
  let passed = "";
  const decoder = new TextDecoder();
  const failure = new StartFailure(program, (_, bytes) => passed += decoder.decode(bytes));
  for (const part of parts) failure.write("stderr", new TextEncoder().encode(part));
  return { failure, passed: () => passed };
}

Deno.test("StartFailure holds back what is not the program's", () => {
  for (
    const parts of [["bwrap: execvp x: Permission denied\n"], [
      "bw",
      "rap: execvp x: Permission denied\n",
    ]]
  ) {
    const { failure, passed } = writeAll(parts);
    assertEquals([failure.reason(1), passed()], ["Permission denied: x", ""]);
  }
  const missing = writeAll(["bwrap: execvp x: No such file or directory\n"]);
  assertEquals(missing.failure.reason(1), "Program not found: x");
  const other = writeAll(["bwrap: execvp x: Exec format error\n"]);
  assertEquals(other.failure.reason(1), "The program could not be started: x: Exec format error");
});

Deno.test("StartFailure hands on all that a program writes", () => {
  const cases: [parts: string[], code: number][] = [
    [["bwrap: execvp y: No such file or directory\n"], 1],
    [["bwrap: execvp x: No such file or directory\n"], 0],
    [["bwrap: execvp x: " + "a".repeat(300)], 1],
    [["bwrap", ": other", "\n"], 1],
    [["b"], 1],
    [[], 1],
  ];
  for (const [parts, code] of cases) {
    const { failure, passed } = writeAll(parts);
    assertEquals([failure.reason(code), passed()], [undefined, parts.join("")]);
  }
});
