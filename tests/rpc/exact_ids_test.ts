import { assertEquals } from "@std/assert";
import { exactIds, isExact } from "../../src/rpc/exact_ids.ts";

Deno.test("isExact() tells which numbers a double holds", () => {
  for (const id of [0, -1, 1.5, Number.MAX_SAFE_INTEGER]) assertEquals(isExact(id), true);
  for (const id of [2 ** 53, -(2 ** 60), Infinity, NaN]) assertEquals(isExact(id), false);
});

Deno.test("exactIds() reads the ids of the entries, and no others", () => {
  const ids = exactIds(`[{"id":18446744073709551615,"x":{"id":1}},5,{"id":"a"},{"x":[{"id":2}]}]`);
  assertEquals(JSON.stringify(ids), "[18446744073709551615,null,null,null]");
  assertEquals(JSON.stringify(exactIds(`{"id":1e999}`)), "[1e999]");
});

Deno.test("exactIds() gives up on what is too large or too deep", () => {
  assertEquals(exactIds(`{"id":1,"x":"${"x".repeat(1024 * 1024)}"}`), []);
  const deep = `${"[".repeat(100_000)}${"]".repeat(100_000)}`;
  assertEquals(exactIds(`{"id":1,"x":${deep}}`).length <= 1, true);
});
