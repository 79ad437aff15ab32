import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { jsonStream } from "../../../../src/runtimes/docker/engine/json_stream.ts";
import { bytes, cut, seeded } from "./streams.ts";

const options = { action: "follow it" };

Deno.test("jsonStream() reads values wherever the bytes are split", async () => {
  const values = [{ a: "ü\n" }, [1, 2], "x".repeat(3000), null, 5];
  const text = values.map((value) => `${JSON.stringify(value)}\r\n`).join("\n");
  for (let seed = 1; seed <= 30; seed++) {
    const pieces = cut(bytes(seed % 2 ? text : text.trimEnd()), seeded(seed));
    assertEquals(await Array.fromAsync(jsonStream(ReadableStream.from(pieces), options)), values);
  }
  assertEquals(await Array.fromAsync(jsonStream(ReadableStream.from([]), options)), []);
});

Deno.test("jsonStream() hands on what came before it fails, and cancels the rest", async () => {
  for (const bad of ["{", "nonsense\n", `"${"x".repeat(200)}`]) {
    let cancelled = false;
    const body = new ReadableStream<Uint8Array>({
      start(controller) {
        controller.enqueue(bytes(`1\n2\n`));
        controller.enqueue(bytes(bad));
        if (!bad.endsWith("\n") && bad.length < 100) controller.close();
      },
      cancel: () => void (cancelled = true),
    });
    const seen: unknown[] = [];
    const error = await assertRejects(async () => {
      for await (const value of jsonStream(body, { ...options, maxValueBytes: 100 })) {
        seen.push(value);
      }
    }, EngineError);
    assertEquals([seen, error.kind], [[1, 2], "protocol"]);
    assertEquals(cancelled, bad !== "{");
  }
});

Deno.test("jsonStream() reads nothing ahead and cancels its body", async () => {
  let pulls = 0;
  let reason: unknown;
  const body = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(bytes(`${pulls++}\n`)),
    cancel: (given) => void (reason = given),
  }, { highWaterMark: 0 });
  const reader = jsonStream<number>(body, options).getReader();
  assertEquals(pulls, 0);
  assertEquals((await reader.read()).value, 0);
  assertEquals(pulls, 1);
  const given = new URIError("enough");
  await reader.cancel(given);
  assertStrictEquals(reason, given);
});
