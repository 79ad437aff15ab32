import { assertEquals, assertRejects } from "@std/assert";
import { findAll } from "../../src/sessions/byte_search.ts";
import { Turns } from "../../src/sessions/turns.ts";

const encoder = new TextEncoder();

function find(haystack: string | Uint8Array, needle: string | Uint8Array, max = Infinity) {
  const [first, second] = [haystack, needle]
    .map((text) => typeof text === "string" ? encoder.encode(text) : text);
  const turns = new Turns(new AbortController().signal);
  return findAll(first!, second!, { max, turns });
}

Deno.test("findAll() finds bytes from left to right, without overlap", async () => {
  assertEquals(await find("abcabcab", "ab"), [0, 3, 6]);
  assertEquals(await find("aaaaa", "aa"), [0, 2]);
  assertEquals(await find("abababac", "ababac"), [2]);
  assertEquals(await find("aabaabaaab", "aabaaab"), [3]);
  assertEquals(await find("abc", "abcd"), []);
  assertEquals(await find("", "a"), []);
  assertEquals(await find(Uint8Array.of(0, 255, 0, 255), Uint8Array.of(255)), [1, 3]);
});

Deno.test("findAll() finds what indexOf() finds, in random text", async () => {
  for (let round = 0; round < 500; round++) {
    const random = (length: number) =>
      Array.from({ length }, () => "ab"[Math.floor(Math.random() * 2)]).join("");
    const [text, part] = [random(60), random(1 + round % 6)];
    const expected: number[] = [];
    for (let at = text.indexOf(part); at !== -1; at = text.indexOf(part, at + part.length)) {
      expected.push(at);
    }
    assertEquals(await find(text, part), expected, `${part} in ${text}`);
  }
});

Deno.test("findAll() stops after so many", async () => {
  assertEquals(await find("x".repeat(100), "x", 3), [0, 1, 2]);
});

Deno.test("findAll() looks at each byte a bounded number of times", async () => {
  // A search that starts anew at every place would compare 2e11 bytes.
  const haystack = new Uint8Array(4_000_000).fill(97);
  const needle = new Uint8Array(100_000).fill(97);
  needle[needle.length - 1] = 98;
  assertEquals(await find(haystack, needle), []);
});

Deno.test("findAll() gives up when it is told to", async () => {
  const controller = new AbortController();
  const haystack = new Uint8Array(1_000_000);
  const found = findAll(haystack, Uint8Array.of(0, 0, 1), {
    max: 1,
    turns: new Turns(controller.signal, 0),
  });
  controller.abort(new Error("enough"));
  await assertRejects(() => found, Error, "enough");
});
