import { assertEquals } from "@std/assert";
import { judgeConditions, rangeHolds } from "../../../src/transport/files/conditions.ts";

const AT = Date.parse("2026-01-02T03:04:05.678Z");
const FACTS = { size: 1, modifiedAt: AT, version: "v1" };
const EXACT = "Fri, 02 Jan 2026 03:04:05 GMT";
const BEFORE = "Fri, 02 Jan 2026 03:04:04 GMT";

function judge(method: string, headers: Record<string, string>, facts: typeof FACTS | undefined) {
  return judgeConditions(new Request("http://h/", { method, headers }), facts);
}

Deno.test("judgeConditions() goes by tags first, then by dates", () => {
  const [go, same, failed] = ["go on", "not modified", "failed"];
  const cases: [string, Record<string, string>, string, string][] = [
    ["GET", {}, go, go],
    ["GET", { "if-match": '"v1"' }, go, failed],
    ["GET", { "if-match": '"v0", "v1"' }, go, failed],
    ["GET", { "if-match": 'W/"v1"' }, failed, failed],
    ["PUT", { "if-match": "*" }, go, failed],
    ["GET", { "if-none-match": '"v1"' }, same, go],
    ["HEAD", { "if-none-match": 'W/"v1"' }, same, go],
    ["GET", { "if-none-match": '"v2"' }, go, go],
    ["PUT", { "if-none-match": '"v1"' }, failed, go],
    ["PUT", { "if-none-match": "*" }, failed, go],
    ["GET", { "if-modified-since": EXACT }, same, go],
    ["GET", { "if-modified-since": BEFORE }, go, go],
    ["GET", { "if-modified-since": "no date" }, go, go],
    ["PUT", { "if-modified-since": EXACT }, go, go],
    ["GET", { "if-none-match": '"v2"', "if-modified-since": EXACT }, go, go],
    ["PUT", { "if-unmodified-since": EXACT }, go, go],
    ["PUT", { "if-unmodified-since": BEFORE }, failed, go],
    ["PUT", { "if-match": '"v1"', "if-unmodified-since": BEFORE }, go, failed],
  ];
  for (const [method, headers, there, absent] of cases) {
    const what = `${method} ${JSON.stringify(headers)}`;
    assertEquals(judge(method, headers, FACTS), there, what);
    assertEquals(judge(method, headers, undefined), absent, `${what}, absent`);
  }
});

Deno.test("rangeHolds() wants the very version", () => {
  const holds = (value: string) =>
    rangeHolds(new Request("http://h/", { headers: { "if-range": value } }), FACTS);
  assertEquals(
    [holds('"v1"'), holds('W/"v1"'), holds('"v2"'), holds(EXACT), holds(BEFORE)],
    [true, false, false, true, false],
  );
  assertEquals(rangeHolds(new Request("http://h/"), FACTS), true);
});
