/** One value of a family. */
export interface Sample {
  /** Its own name, where it is not the family's: a histogram's `_bucket`, `_sum` and `_count`. */
  readonly metricName?: string | undefined;
  readonly labels: Readonly<Record<string, string | number>>;
  readonly value: number;
}

/** A metric with all its values; the name of a counter ends with `_total`. */
export interface Family {
  readonly name: string;
  /** One line without quotes and backslashes. */
  readonly help: string;
  readonly type: "counter" | "gauge" | "histogram";
  readonly values: readonly Sample[];
}

/** The two ways to write metrics down. */
export type ExpositionFormat = "openmetrics" | "text";

/** The media type of each format. */
export const CONTENT_TYPES: Readonly<Record<ExpositionFormat, string>> = {
  openmetrics: "application/openmetrics-text; version=1.0.0; charset=utf-8",
  text: "text/plain; version=0.0.4; charset=utf-8",
};

/**
 * Writes families down, as OpenMetrics 1.0 or in Prometheus' older text format.
 *
 * The writer of prom-client is not used: once it has written OpenMetrics it has lost the `_total` of every
 * counter for the other format, its bounds are not canonical (`le="1"`), and it knows no units.
 */
export function writeExposition(families: readonly Family[], format: ExpositionFormat): string {
  const head = format === "openmetrics" ? openMetricsHead : textHead;
  const lines = families.flatMap((family) => [
    ...head(family),
    ...family.values.map((sample) => writeSample(family, sample)),
  ]);
  if (format === "openmetrics") lines.push("# EOF");
  return lines.map((line) => `${line}\n`).join("");
}

function openMetricsHead({ name, type, help }: Family): string[] {
  const base = type === "counter" ? name.replace(/_total$/, "") : name;
  const unit = /_(seconds|bytes)$/.exec(base)?.[1];
  return [
    `# TYPE ${base} ${type}`,
    ...(unit === undefined ? [] : [`# UNIT ${base} ${unit}`]),
    `# HELP ${base} ${help}`,
  ];
}

function textHead({ name, type, help }: Family): string[] {
  return [`# HELP ${name} ${help}`, `# TYPE ${name} ${type}`];
}

function writeSample({ name }: Family, { metricName = name, labels, value }: Sample): string {
  const pairs = Object.entries(labels).map(([key, word]) => `${key}="${writeLabel(word)}"`);
  const set = pairs.length === 0 ? "" : `{${pairs.join(",")}}`;
  return `${metricName}${set} ${writeNumber(value)}`;
}

function writeLabel(value: string | number): string {
  if (typeof value === "number") return writeBound(value);
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"');
}

/** A bound is always written as a float, so that it is one label value in every version of a server. */
function writeBound(value: number): string {
  return Number.isInteger(value) ? `${value}.0` : writeNumber(value);
}

function writeNumber(value: number): string {
  if (Number.isFinite(value)) return `${value}`;
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf";
}
