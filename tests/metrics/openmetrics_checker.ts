/** A family that was read. */
export interface CheckedFamily {
  type: string;
  unit?: string;
  help?: string;
  /** Every sample by its name and its labels, which are sorted: `a_total{b="c",d="e"}`. */
  samples: Map<string, number>;
}

type Labels = [name: string, value: string][];

interface Sample {
  name: string;
  labels: Labels;
  value: number;
}

const NAME = "[a-zA-Z_][a-zA-Z0-9_]*";
const VALUE = String.raw`"(?:[^"\\\n]|\\["\\n])*"`;
const LABEL_REGEXP = new RegExp(`(${NAME})=(${VALUE})(,|$)`, "y");
const SAMPLE_REGEXP = new RegExp(
  String
    .raw`^(${NAME})(?:\{((?:${NAME}=${VALUE},?)*)\})? (-?[0-9.]+(?:e[+-]?[0-9]+)?|[+-]Inf|NaN)$`,
);
const META_REGEXP = new RegExp(String.raw`^# (TYPE|UNIT|HELP) (${NAME}) (.*)$`);
const SUFFIXES: Record<string, string[]> = {
  counter: ["_total"],
  gauge: [""],
  histogram: ["_bucket", "_sum", "_count"],
};

/**
 * Reads what is OpenMetrics 1.0 to the letter, as far as counters, gauges and histograms without
 * exemplars and timestamps go. Throws for anything else.
 */
export function checkOpenMetrics(text: string): Map<string, CheckedFamily> {
  const lines = text.split("\n");
  if (lines.pop() !== "") throw new Error("The last line has no end");
  if (lines.pop() !== "# EOF") throw new Error("The last line is not # EOF");
  const families = new Map<string, CheckedFamily>();
  const read = new Map<string, Sample[]>();
  let current = "";
  for (const line of lines) {
    const meta = META_REGEXP.exec(line);
    if (meta !== null) {
      const [, word, name, rest] = meta as unknown as [string, string, string, string];
      current = readMeta(families, current, [word, name, rest]);
      continue;
    }
    const sample = readSample(line);
    const family = families.get(current);
    if (family === undefined) throw new Error(`Sample before any TYPE: ${line}`);
    const suffixes = SUFFIXES[family.type] ?? [];
    if (!suffixes.some((suffix) => sample.name === current + suffix)) {
      throw new Error(`Sample of no ${family.type} "${current}": ${line}`);
    }
    const key = seriesKey(sample.name, Object.fromEntries(sample.labels));
    if (family.samples.has(key)) throw new Error(`Sample twice: ${line}`);
    family.samples.set(key, sample.value);
    read.set(current, [...read.get(current) ?? [], sample]);
  }
  for (const [name, samples] of read) checkSamples(name, families.get(name)!.type, samples);
  return families;
}

function readMeta(
  families: Map<string, CheckedFamily>,
  current: string,
  [word, name, rest]: [string, string, string],
): string {
  if (word === "TYPE") {
    if (families.has(name)) throw new Error(`Family twice: ${name}`);
    if (SUFFIXES[rest] === undefined) throw new Error(`Unknown type of ${name}: ${rest}`);
    families.set(name, { type: rest, samples: new Map() });
    return name;
  }
  const family = families.get(name);
  if (family === undefined || name !== current || family.samples.size > 0) {
    throw new Error(`${word} of ${name} is not at the head of its family`);
  }
  const key = word === "UNIT" ? "unit" : "help";
  if (family[key] !== undefined) throw new Error(`${word} twice: ${name}`);
  if (key === "unit" && !name.endsWith(`_${rest}`)) throw new Error(`${name} has no unit ${rest}`);
  if (key === "help" && !/^(?:[^"\\]|\\["\\n])+$/.test(rest)) throw new Error(`HELP: ${rest}`);
  family[key] = rest;
  return current;
}

function readSample(line: string): Sample {
  const match = SAMPLE_REGEXP.exec(line);
  if (match === null) throw new Error(`No sample: ${line}`);
  const [, name, set = "", number] = match as unknown as [string, string, string, string];
  const labels: Labels = [];
  LABEL_REGEXP.lastIndex = 0;
  while (LABEL_REGEXP.lastIndex < set.length) {
    const label = LABEL_REGEXP.exec(set);
    if (label === null) throw new Error(`No labels: ${line}`);
    if (labels.some(([other]) => other === label[1])) throw new Error(`Label twice: ${line}`);
    labels.push([label[1]!, label[2]!.slice(1, -1)]);
  }
  if (set.endsWith(",")) throw new Error(`Comma at the end: ${line}`);
  return { name, labels, value: readNumber(number) };
}

function readNumber(text: string): number {
  if (text.endsWith("Inf")) return text.startsWith("-") ? -Infinity : Infinity;
  return Number(text);
}

/** Writes the name of a series as {@linkcode CheckedFamily.samples} has it. */
export function seriesKey(name: string, labels: Readonly<Record<string, string>>): string {
  const sorted = Object.entries(labels).toSorted(([a], [b]) => a < b ? -1 : 1);
  const pairs = sorted.map(([label, value]) => `${label}="${value}"`);
  return pairs.length === 0 ? name : `${name}{${pairs.join(",")}}`;
}

function checkSamples(family: string, type: string, samples: readonly Sample[]): void {
  for (const { name, labels, value } of samples) {
    const isBucket = type === "histogram" && name.endsWith("_bucket");
    if (labels.some(([label]) => label === "le") !== isBucket) {
      throw new Error(`Label le is not where it belongs: ${name}`);
    }
    if (type !== "gauge" && !(value >= 0 && value < Infinity)) {
      throw new Error(`No count: ${name} ${value}`);
    }
  }
  if (type === "histogram") checkHistogram(family, samples);
}

function checkHistogram(family: string, samples: readonly Sample[]): void {
  const plain = ({ labels }: Sample) =>
    seriesKey("", Object.fromEntries(labels.filter(([label]) => label !== "le")));
  for (const [place, group] of Map.groupBy(samples, plain)) {
    const values = (suffix: string) => group.filter(({ name }) => name === family + suffix);
    const buckets = values("_bucket");
    const bounds = buckets.map(({ labels }) => labels.find(([label]) => label === "le")![1]);
    if (bounds.at(-1) !== "+Inf") throw new Error(`No last bound: ${family}${place}`);
    for (const [index, bound] of bounds.entries()) {
      if (!/^(\+Inf|[0-9]+\.[0-9]+)$/.test(bound)) throw new Error(`Bound ${bound} of ${family}`);
      if (index === 0) continue;
      if (!(readNumber(bounds[index - 1]!) < readNumber(bound))) {
        throw new Error(`Bounds do not rise: ${family}${place}`);
      }
      if (buckets[index - 1]!.value > buckets[index]!.value) {
        throw new Error(`Counts fall: ${family}${place}`);
      }
    }
    const counts = values("_count");
    if (counts.length !== 1 || counts[0]!.value !== buckets.at(-1)!.value) {
      throw new Error(`Count is not that of all buckets: ${family}${place}`);
    }
    if (values("_sum").length !== 1) throw new Error(`No sum: ${family}${place}`);
  }
}
