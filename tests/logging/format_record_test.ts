import { assertEquals, assertStringIncludes } from "@std/assert";
import type { LogRecord } from "@logtape/logtape";
import { formatJson, prettyFormatter } from "../../src/logging/format_record.ts";

function record(message: string, properties: Record<string, unknown> = {}): LogRecord {
  return {
    category: ["codebeaker", "sessions"],
    level: "warning",
    message: [message],
    rawMessage: message,
    timestamp: Date.UTC(2026, 0, 2, 3, 4, 5, 6),
    properties,
  };
}

Deno.test("formatJson() writes one object a line", () => {
  const line = formatJson(
    record("Closed {sessionId}", { sessionId: "s1", level: 3, code: "secret" }),
  );
  assertEquals(
    line,
    '{"time":"2026-01-02T03:04:05.006Z","level":"warning","logger":"codebeaker.sessions",' +
      '"message":"Closed s1","sessionId":"s1","level_":3,"redacted":["code"]}\n',
  );
});

Deno.test("formatJson() lets no value break the line", () => {
  const hostile = 'a\n{"level":"fatal"}\u2028\x1b[2J\x7f\x9b';
  const line = formatJson(record("{hostile}", { hostile }));
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  assertEquals(/[\x00-\x1f\x7f-\x9f\u2028]/.test(line.slice(0, -1)), false);
  const parsed = JSON.parse(line);
  assertEquals([parsed.message, parsed.hostile, parsed.level], [hostile, hostile, "warning"]);
});

Deno.test("prettyFormatter() writes a line for people", () => {
  const format = prettyFormatter();
  assertEquals(
    format(record("Session closed", { sessionId: "s1", reason: "two words", n: 1 })),
    '03:04:05.006 WRN sessions  Session closed  sessionId=s1 reason="two words" n=1\n',
  );
  assertEquals(format(record("Bare")), "03:04:05.006 WRN sessions  Bare\n");
  assertStringIncludes(prettyFormatter({ color: true })(record("x")), "\x1b[33mWRN\x1b[0m");
});

Deno.test("prettyFormatter() puts stacks below and escapes controls", () => {
  const lines = prettyFormatter()(record("a\nb\x1b[2J", { error: new Error("x\ny") })).split("\n");
  assertStringIncludes(lines[0] ?? "", "a\\nb\\x1b[2J");
  assertStringIncludes(lines[0] ?? "", 'error="Error: x\\ny"');
  assertEquals(lines.slice(1, -1).every((line) => line.startsWith("    ")), true);
  assertEquals(lines.length > 3, true);
});
