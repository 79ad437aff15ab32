import { assertEquals } from "@std/assert";
import { BuildReporter } from "../../../runtimes/build/build_reporter.ts";

Deno.test("BuildReporter.progress() shows which step is on, joined from pieces", () => {
  const lines: string[] = [];
  const reporter = new BuildReporter("go", (line) => lines.push(line));
  reporter.progress({ stream: "Step 1/2 : FR" });
  reporter.progress({ stream: "OM x\n ---> 123\nStep 2/2" });
  reporter.progress({ stream: " : RUN y\n" });
  assertEquals(lines, ["[go] 1/2 FROM x", "[go] 2/2 RUN y"]);
});

Deno.test("BuildReporter.progress() shows everything where asked to, without colours", () => {
  const lines: string[] = [];
  const reporter = new BuildReporter("go", (line) => lines.push(line), { verbose: true });
  reporter.progress({ stream: "\x1b[91mwarning\x1b[0m\n\n" });
  reporter.progress({ status: "Pulling fs layer", id: "abc" });
  reporter.progress({ status: "Downloading", id: "abc", progressDetail: { current: 1, total: 2 } });
  reporter.showTail();
  assertEquals(lines, ["[go] warning", "[go] abc: Pulling fs layer"]);
});

Deno.test("BuildReporter.showTail() shows the last of what was not shown, with a line that has no end", () => {
  const lines: string[] = [];
  const reporter = new BuildReporter("go", (line) => lines.push(line));
  for (let line = 0; line < 50; line++) reporter.progress({ stream: `line ${line}\n` });
  reporter.progress({ stream: "no end" });
  reporter.showTail();
  assertEquals(lines.length, 41);
  assertEquals(lines[0], "[go] | line 10");
  assertEquals(lines.at(-1), "[go] | no end");
});

Deno.test("BuildReporter.progress() cuts the middle out of a step that is too long", () => {
  const lines: string[] = [];
  const reporter = new BuildReporter("go", (line) => lines.push(line));
  reporter.progress({ stream: `Step 1/1 : RUN ${"x".repeat(500)} end\n` });
  assertEquals(lines[0]?.length, "[go] ".length + 160);
  assertEquals(lines[0]?.startsWith("[go] 1/1 RUN xxx"), true);
  assertEquals(lines[0]?.endsWith("xxx end"), true);
});
