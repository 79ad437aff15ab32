import { assert, assertEquals } from "@std/assert";
import { expandedSize } from "../../src/sessions/expanded_size.ts";

Deno.test("expandedSize() writes counted repetitions out", () => {
  assertEquals(expandedSize("abc"), 3);
  assertEquals(expandedSize("a{5}"), 5);
  assertEquals(expandedSize("a{2,50}b"), 51);
  assertEquals(expandedSize("[a-z]{10}"), 10);
  assertEquals(expandedSize("\\d{4}-\\d{2}"), 7);
  assertEquals(expandedSize("\\p{Greek}{3}"), 3);
  assertEquals(expandedSize("\\{100}"), 5);
  assertEquals(expandedSize("[{]{3}"), 3);
});

Deno.test("expandedSize() multiplies those that are nested", () => {
  assert(expandedSize("((a{10}){10}){10}") >= 1000);
  assert(expandedSize("(?:(?:abc){20}x){20}") >= 20 * 60);
  assert(expandedSize("(".repeat(100) + "a{1000}") >= 1000);
});
