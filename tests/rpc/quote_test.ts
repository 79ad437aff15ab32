import { assertEquals } from "@std/assert";
import { cut, quote } from "../../src/rpc/quote.ts";

Deno.test("cut() bounds the length", () => {
  assertEquals(cut("x".repeat(50)), "x".repeat(50));
  assertEquals(cut("x".repeat(51)), `${"x".repeat(50)}…`);
});

Deno.test("quote() escapes control characters", () => {
  assertEquals(quote('a"\n\u0000'), `"a\\"\\n\\u0000"`);
});
