import { assertEquals, assertThrows } from "@std/assert";
import { differences, substitute } from "./pattern.ts";

Deno.test("differences() accepts more keys and what markers stand for", () => {
  const value = { a: 1, b: ["x", { c: null }], id: "s1", at: "2025-10-27T12:00:00Z", more: true };
  const pattern = { a: "$number", b: ["$match:^x$", { c: null }], id: "$session", at: "$time" };
  assertEquals(differences(value, pattern, new Map([["session", "s1"]])), []);
});

Deno.test("differences() names each place that differs", () => {
  const cases: [value: unknown, pattern: unknown][] = [
    [{ a: 1 }, { a: 2 }],
    [{ a: "1" }, { a: 1 }],
    [{ a: -1 }, { a: "$number" }],
    [{ a: "" }, { a: "$id" }],
    [{ a: "yesterday" }, { a: "$time" }],
    [{ a: "2025-10-27 12:00" }, { a: "$time" }],
    [{}, { a: "$string" }],
    [{ a: "b" }, { a: "$match:^a" }],
    [{ a: [1, 2] }, { a: [1] }],
    [{ a: [1] }, { a: { 0: 1 } }],
    [{ a: null }, { a: {} }],
  ];
  for (const [value, pattern] of cases) {
    const found = differences(value, pattern);
    assertEquals(found.map((line) => line.split(":")[0]), ["/a"], JSON.stringify(pattern));
  }
});

Deno.test("differences() throws for a name that is not bound", () => {
  assertThrows(() => differences("x", "$nobody"), Error, "not bound");
});

Deno.test("substitute() fills in bound names and leaves everything else", () => {
  const bindings = new Map<string, unknown>([["i", 3], ["s", "id"]]);
  const value = { id: "$i", text: "n ${i} ${other} $s", list: ["$s", 1, null] };
  const expected = { id: 3, text: "n 3 ${other} $s", list: ["id", 1, null] };
  assertEquals(substitute(value, bindings), expected);
});
