import { assertEquals } from "@std/assert";
import { MAX_LINE_LENGTH, OutputLines } from "../../src/sessions/output_lines.ts";

type StreamName = "stdout" | "stderr";

function feeder(lines: OutputLines) {
  let next = 0;
  return (data: string, stream: StreamName = "stdout", seq = next) => {
    next = seq + 1;
    return lines.push({ stream, data, seq });
  };
}

Deno.test("OutputLines.push() gives lines when they are whole, of each stream by itself", () => {
  const lines = new OutputLines(0, undefined);
  const push = feeder(lines);
  assertEquals(push("a"), []);
  assertEquals(push("err", "stderr"), []);
  assertEquals(push("b\r\nc\n\nd"), ["ab", "c", ""]);
  assertEquals(push("or\n", "stderr"), ["error"]);
  assertEquals(lines.end(), ["d"]);
});

Deno.test("OutputLines.push() gives those of one stream if that is asked for", () => {
  const lines = new OutputLines(0, "stderr");
  const push = feeder(lines);
  assertEquals(push("a\n"), []);
  assertEquals(push("b\n", "stderr"), ["b"]);
  assertEquals(push("rest"), []);
  assertEquals(lines.end(), []);
});

Deno.test("OutputLines.push() leaves out lines whose beginning or middle is missing", () => {
  const lines = new OutputLines(0, undefined);
  const push = feeder(lines);
  push("begun");
  push("begun", "stderr");
  assertEquals(push("end of another\nwhole\nlast", "stdout", 7), ["whole"]);
  assertEquals(push("end of another\n", "stderr"), []);
  assertEquals(push("whole\n", "stderr"), ["whole"]);
  assertEquals(lines.end(), ["last"]);
});

Deno.test("OutputLines.push() keeps the beginning of a line without an end", () => {
  const lines = new OutputLines(0, undefined);
  const push = feeder(lines);
  for (let i = 0; i < 100; i++) push(`${i}`.repeat(1000));
  const [line] = push("\n");
  assertEquals([line?.length, line?.slice(0, 3)], [MAX_LINE_LENGTH, "000"]);
});
