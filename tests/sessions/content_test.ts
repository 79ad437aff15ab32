import { assertEquals, assertThrows } from "@std/assert";
import { CommandError } from "../../src/errors.ts";
import { encodeContent, utf8Length } from "../../src/sessions/content.ts";

Deno.test("encodeContent() gives text as it is, with a byte order mark", () => {
  const text = "\uFEFFé한🦕\r\n";
  assertEquals(encodeContent(new TextEncoder().encode(text), "utf8", "f"), text);
});

Deno.test("encodeContent() refuses bytes that are no text and says what to do", () => {
  const bytes = Uint8Array.of(0xc3);
  assertThrows(
    () => encodeContent(bytes, "utf8", "dir/f"),
    CommandError,
    'Cannot read "dir/f" as text: not valid UTF-8, read it with encoding "base64"',
  );
  assertEquals(encodeContent(bytes, "base64", "f"), "ww==");
});

Deno.test("utf8Length() counts what an encoder writes", () => {
  const texts = ["", "a", "é", "한", "🦕", "a🦕b", "\ud800", "\udc00a", "\ud800\ud800\udc00", "߿ࠀ"];
  for (const text of texts) {
    assertEquals(utf8Length(text), new TextEncoder().encode(text).length, JSON.stringify(text));
  }
});
