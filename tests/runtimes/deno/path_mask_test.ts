import { assertEquals } from "@std/assert";
import { PathMask } from "../../../src/runtimes/deno/path_mask.ts";

function mask(chunks: string[]): string {
  let text = "";
  const decoder = new TextDecoder();
  const masked = new PathMask("/srv/data/w1", "/workspace", (_, bytes) => {
    text += decoder.decode(bytes, { stream: true });
  });
  for (const chunk of chunks) masked.write("stderr", new TextEncoder().encode(chunk));
  masked.flush();
  return text;
}

Deno.test("PathMask replaces the path wherever it stands", () => {
  assertEquals(
    mask(["at file:///srv/data/w1/a.ts:1 /srv/data/w1"]),
    "at file:///workspace/a.ts:1 /workspace",
  );
  assertEquals(mask(["/srv/data/w2 /srv/data/w"]), "/srv/data/w2 /srv/data/w");
  assertEquals(mask([""]), "");
});

Deno.test("PathMask replaces a path that is split at any byte", () => {
  const text = "x/srv//srv/data/w1/ü/srv/data/w1";
  const bytes = [...text];
  for (let at = 0; at <= bytes.length; at++) {
    const chunks = [bytes.slice(0, at).join(""), bytes.slice(at).join("")];
    assertEquals(mask(chunks), "x/srv//workspace/ü/workspace");
  }
  assertEquals(mask(bytes), "x/srv//workspace/ü/workspace");
});
