import { assert, assertEquals } from "@std/assert";
import { readBody } from "../../src/transport/read_body.ts";

function requestOf(body: BodyInit, headers: HeadersInit = {}): Request {
  return new Request("http://localhost/", { method: "POST", body, headers });
}

Deno.test("readBody() reads a body in any number of pieces", async () => {
  const pieces = ["a", "bc", "", "def"].map((text) => new TextEncoder().encode(text));
  const result = await readBody(requestOf(ReadableStream.from(pieces)), {
    maxBytes: 6,
    timeoutMs: 60_000,
  });
  assert("bytes" in result);
  assertEquals(new TextDecoder().decode(result.bytes), "abcdef");
});

Deno.test("readBody() reads no body as nothing", async () => {
  const request = new Request("http://localhost/", { method: "POST" });
  const result = await readBody(request, { maxBytes: 0, timeoutMs: 60_000 });
  assertEquals(result, { bytes: new Uint8Array() });
});

Deno.test("readBody() stops reading beyond the limit", async () => {
  let pulled = 0;
  let cancelled = false;
  const endless = new ReadableStream<Uint8Array>({
    pull(controller) {
      pulled++;
      controller.enqueue(new Uint8Array(100));
    },
    cancel() {
      cancelled = true;
    },
  });
  const result = await readBody(requestOf(endless), { maxBytes: 1000, timeoutMs: 60_000 });
  assertEquals(result, { refused: "too_large" });
  assert(cancelled && pulled < 20);
});

Deno.test("readBody() believes a length that is too large without reading", async () => {
  const request = requestOf("abc", { "content-length": "1001" });
  const result = await readBody(request, { maxBytes: 1000, timeoutMs: 60_000 });
  assertEquals([result, request.bodyUsed], [{ refused: "too_large" }, false]);
});

Deno.test("readBody() gives up a body that breaks off or never ends", async () => {
  const broken = new ReadableStream({ pull: (controller) => controller.error(new Error("gone")) });
  assertEquals(await readBody(requestOf(broken), { maxBytes: 10, timeoutMs: 60_000 }), {
    refused: "aborted",
  });
  const silent = new ReadableStream({ pull: () => new Promise<void>(() => {}) });
  assertEquals(await readBody(requestOf(silent), { maxBytes: 10, timeoutMs: 1 }), {
    refused: "timeout",
  });
});
