import { assertEquals, assertRejects } from "@std/assert";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import {
  type ImageProgress,
  imageProgress,
} from "../../../../src/runtimes/docker/engine/image_progress.ts";
import { bytes, cut, seeded } from "./streams.ts";

function progress(text: string): ReadableStream<ImageProgress> {
  return imageProgress(ReadableStream.from(cut(bytes(text), seeded(text.length))), "pull it");
}

Deno.test("imageProgress() hands on what comes and fails with the error in it", async () => {
  const seen: unknown[] = [];
  const error = await assertRejects(async () => {
    const text =
      '{"status":"a","id":"ü"}\r\n\r\n{"stream":"b"}\r\n{"errorDetail":{"message":"no space"},' +
      '"error":"short"}\r\n{"status":"never"}\r\n';
    for await (const event of progress(text)) seen.push(event);
  }, EngineError);
  assertEquals(seen, [{ status: "a", id: "ü" }, { stream: "b" }]);
  assertEquals([error.kind, error.message], ["server_error", "Cannot pull it: no space"]);
  const plain = progress('{"error":"only text"}');
  await assertRejects(() => Array.fromAsync(plain), EngineError, "only text");
});
