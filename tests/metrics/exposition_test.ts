import { assertEquals } from "@std/assert";
import { type Family, writeExposition } from "../../src/metrics/exposition.ts";
import { checkOpenMetrics } from "./openmetrics_checker.ts";

const FAMILIES: Family[] = [
  {
    name: "a_seconds_total",
    help: "A",
    type: "counter",
    values: [{ labels: { x: 'q"\\\n' }, value: 1e-7 }],
  },
  { name: "b", help: "B", type: "gauge", values: [] },
  {
    name: "c",
    help: "C",
    type: "histogram",
    values: [
      { metricName: "c_bucket", labels: { le: 0.5, x: "1" }, value: 1 },
      { metricName: "c_bucket", labels: { le: 60, x: "1" }, value: 1 },
      { metricName: "c_bucket", labels: { le: "+Inf", x: "1" }, value: 1 },
      { metricName: "c_sum", labels: { x: "1" }, value: 0.25 },
      { metricName: "c_count", labels: { x: "1" }, value: 1 },
    ],
  },
];

const SAMPLES = `c_bucket{le="0.5",x="1"} 1
c_bucket{le="60.0",x="1"} 1
c_bucket{le="+Inf",x="1"} 1
c_sum{x="1"} 0.25
c_count{x="1"} 1
`;

Deno.test("writeExposition() writes OpenMetrics", () => {
  const text = writeExposition(FAMILIES, "openmetrics");
  assertEquals(
    text,
    `# TYPE a_seconds counter
# UNIT a_seconds seconds
# HELP a_seconds A
a_seconds_total{x="q\\"\\\\\\n"} 1e-7
# TYPE b gauge
# HELP b B
# TYPE c histogram
# HELP c C
${SAMPLES}# EOF
`,
  );
  checkOpenMetrics(text);
});

Deno.test("writeExposition() writes the older text format", () => {
  assertEquals(
    writeExposition(FAMILIES, "text"),
    `# HELP a_seconds_total A
# TYPE a_seconds_total counter
a_seconds_total{x="q\\"\\\\\\n"} 1e-7
# HELP b B
# TYPE b gauge
# HELP c C
# TYPE c histogram
${SAMPLES}`,
  );
});

Deno.test("writeExposition() writes numbers that are none as the formats have them", () => {
  const values = [NaN, Infinity, -Infinity, -0.5].map((value, index) => ({
    labels: { i: `${index}` },
    value,
  }));
  const text = writeExposition([{ name: "a", help: "A", type: "gauge", values }], "openmetrics");
  assertEquals(text.match(/(?<=\} ).*/g), ["NaN", "+Inf", "-Inf", "-0.5"]);
  checkOpenMetrics(text);
});
