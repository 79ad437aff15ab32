import { assert, assertEquals } from "@std/assert";
import { OutputRing } from "../../src/runtimes/output_ring.ts";

function take(ring: OutputRing, from: number) {
  const position = { next: from, start: ring.startOf(from) };
  const taken = [];
  for (let chunk = ring.take(position); chunk; chunk = ring.take(position)) taken.push(chunk);
  return taken;
}

Deno.test("OutputRing keeps everything while it fits", () => {
  const ring = new OutputRing(10_000);
  for (const data of ["a", "bc", "d"]) ring.add("stdout", data, data.length);
  assertEquals(take(ring, 0).map(({ data, seq }) => [data, seq]), [["a", 0], ["bc", 1], ["d", 2]]);
  assertEquals(take(ring, 2).map(({ data }) => data), ["d"]);
  assertEquals([take(ring, 3), take(ring, 9)], [[], []]);
  assertEquals([0, 1, 2, 3].map((seq) => ring.startOf(seq)), [0, 1, 3, 4]);
});

Deno.test("OutputRing keeps the first and the last, and never more than it may", () => {
  const ring = new OutputRing(2000);
  for (let i = 0; i < 1000; i++) ring.add("stdout", "x".repeat(100), 100);
  assert(ring.cost <= 2000, `${ring.cost}`);
  const kept = take(ring, 0);
  assertEquals([kept[0]?.seq, kept.at(-1)?.seq, ring.nextSeq], [0, 999, 1000]);
  const gap = kept.findIndex(({ seq }, index) => seq !== index);
  assertEquals(kept[gap]?.droppedBytes, (1000 - kept.length) * 100);
  assertEquals(kept.filter(({ droppedBytes }) => droppedBytes !== undefined).length, 1);
});

Deno.test("OutputRing keeps the last chunk though it is larger than all of it", () => {
  const ring = new OutputRing(1000);
  ring.add("stdout", "x".repeat(5000), 5000);
  ring.add("stderr", "y".repeat(5000), 5000);
  assertEquals(take(ring, 0).map(({ seq, droppedBytes }) => [seq, droppedBytes]), [[1, 5000]]);
});
