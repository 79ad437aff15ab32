import { assertEquals, assertMatch } from "@std/assert";
import { newId } from "../../src/sessions/session_ids.ts";

Deno.test("newId() has 160 random bits that are safe in URLs", () => {
  const ids = Array.from({ length: 1000 }, newId);
  for (const id of ids) assertMatch(id, /^[0-9a-hjkmnp-tv-z]{32}$/);
  assertEquals(new Set(ids).size, 1000);
  const letters = new Set(ids.join(""));
  assertEquals(letters.size, 32);
});
