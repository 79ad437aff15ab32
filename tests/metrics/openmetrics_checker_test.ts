import { assertEquals, assertThrows } from "@std/assert";
import { checkOpenMetrics } from "./openmetrics_checker.ts";

const GOOD = `# TYPE a counter
# HELP a Things
a_total{x="1",w="q\\"\\\\\\n"} 2
# TYPE b_seconds histogram
# UNIT b_seconds seconds
# HELP b_seconds Times
b_seconds_bucket{le="1.0"} 1
b_seconds_bucket{le="+Inf"} 3
b_seconds_sum 1e-7
b_seconds_count 3
# TYPE c gauge
c -1.5
# EOF
`;

Deno.test("checkOpenMetrics() reads what is right", () => {
  const families = checkOpenMetrics(GOOD);
  assertEquals([...families.keys()], ["a", "b_seconds", "c"]);
  assertEquals(families.get("a"), {
    type: "counter",
    help: "Things",
    samples: new Map([['a_total{w="q\\"\\\\\\n",x="1"}', 2]]),
  });
  assertEquals(families.get("b_seconds")!.unit, "seconds");
  assertEquals(families.get("c")!.samples.get("c"), -1.5);
});

Deno.test("checkOpenMetrics() refuses what is wrong", async (t) => {
  const table: [string, string, string][] = [
    ["no end", "# EOF\n", ""],
    ["more after the end", "# EOF\n", "# EOF\n\n"],
    ["an empty line", "# TYPE c", "\n# TYPE c"],
    ["a counter without _total", "a_total{", "a{"],
    ["a type that ends with _total", "TYPE a counter", "TYPE a_total counter"],
    ["a family twice", "# TYPE c gauge\nc -1.5", "# TYPE c gauge\nc -1.5\n# TYPE c gauge"],
    ["a series twice", "c -1.5", "c -1.5\nc 2"],
    ["a label twice", 'x="1"', 'w="1"'],
    ["a quote that is not escaped", 'q\\"', 'q"'],
    ["a negative counter", "} 2", "} -2"],
    ["a unit that is not in the name", "UNIT b_seconds seconds", "UNIT b_seconds bytes"],
    ["help after samples", "# EOF", "# HELP c Late\n# EOF"],
    ["a bound that is no float", '"1.0"', '"1"'],
    ["no last bound", 'le="+Inf"', 'le="2.0"'],
    ["bounds that fall", 'le="1.0"} 1', 'le="3.0"} 1\nb_seconds_bucket{le="2.0"} 1'],
    ["counts that fall", 'le="1.0"} 1', 'le="1.0"} 4'],
    ["another count", "_count 3", "_count 4"],
    ["no sum", "b_seconds_sum 1e-7\n", ""],
    ["Nan", "c -1.5", "c Nan"],
  ];
  for (const [name, from, to] of table) {
    await t.step(name, () => {
      assertEquals(GOOD.includes(from), true);
      assertThrows(() => checkOpenMetrics(GOOD.replace(from, to)), Error);
    });
  }
});
