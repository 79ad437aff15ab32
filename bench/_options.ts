import type { BenchRow } from "./_harness.ts";

/** What the command line of the benchmark asks for. */
export interface BenchOptions {
  /** Few rounds. */
  readonly quick: boolean;
  /** Rows to measure, in the order of the table. */
  readonly rows: readonly BenchRow[];
  /** File for the figures as JSON. */
  readonly json: string | null;
  /** Whether the table goes into docs/performance.md. */
  readonly writeDocs: boolean;
  /** After so many seconds no new round begins. */
  readonly maxSeconds: number;
}

const DEFAULT_MAX_SECONDS = 600;

/** Reads the command line; throws a `TypeError` that says what was expected. Null asks for help. */
export function parseOptions(
  args: readonly string[],
  rows: readonly BenchRow[],
): BenchOptions | null {
  let options: BenchOptions = {
    quick: false,
    rows,
    json: null,
    writeDocs: false,
    maxSeconds: DEFAULT_MAX_SECONDS,
  };
  const rest = args.flatMap((arg) => arg.startsWith("--") ? arg.split(/=(.*)/s, 2) : [arg]);
  while (true) {
    const flag = rest.shift();
    if (flag === undefined) return options;
    if (flag === "--help") return null;
    if (flag === "--quick") options = { ...options, quick: true };
    else if (flag === "--write-docs") options = { ...options, writeDocs: true };
    else if (flag === "--json") {
      options = { ...options, json: takeValue(flag, rest) };
    } else if (flag === "--rows") {
      options = { ...options, rows: pickRows(takeValue(flag, rest), rows) };
    } else if (flag === "--max-seconds") {
      options = { ...options, maxSeconds: parseSeconds(takeValue(flag, rest)) };
    } else {throw new TypeError(
        `Cannot read the option "${flag}": expected one that --help lists`,
      );}
  }
}

/** The text of `--help`, for the task that starts it and its rows. */
export function formatHelp(
  { task, rows }: { readonly task: string; readonly rows: readonly BenchRow[] },
): string {
  return `Usage: deno task ${task} [options]

  --quick            few rounds, for a first look
  --rows a,b         only these rows
  --json FILE        write the figures as JSON
  --write-docs       put the table into docs/performance.md
  --max-seconds N    begin no new round after N seconds (default ${DEFAULT_MAX_SECONDS})

Rows:
${rows.map(({ id, summary }) => `  ${id.padEnd(18)} ${summary}`).join("\n")}
`;
}

function takeValue(flag: string, rest: string[]): string {
  const value = rest.shift();
  if (value === undefined || value === "") {
    throw new TypeError(
      `Cannot read the option "${flag}": expected a value after it`,
    );
  }
  return value;
}

function pickRows(text: string, rows: readonly BenchRow[]): BenchRow[] {
  const ids = text.split(",");
  const unknown = ids.find((id) => !rows.some((row) => row.id === id));
  if (unknown !== undefined) {
    throw new TypeError(
      `Cannot measure row "${unknown}": expected one of ${rows.map(({ id }) => id).join(", ")}`,
    );
  }
  return rows.filter(({ id }) => ids.includes(id));
}

function parseSeconds(text: string): number {
  const seconds = Number(text);
  if (seconds >= 1 && seconds <= 86_400) return seconds;
  throw new TypeError(
    `Cannot read --max-seconds "${text}": expected a number from 1 to 86400`,
  );
}
