import type { Reach, RowResult, Unit } from "./_harness.ts";
import { formatMachine, type Machine } from "./_machine.ts";
import type { Summary } from "./_statistics.ts";

/** Everything one run of the benchmark found out. */
export interface Report {
  /** Day of the run, `2026-01-31`. */
  readonly date: string;
  /** Whether few rounds were made. */
  readonly quick: boolean;
  readonly machine: Machine;
  readonly rows: readonly RowResult[];
}

const HEADER = ["Row", "CodeBeaker", "Baseline", "Ratio", "Wanted", "Reached"];

/** The report as text for a terminal. */
export function formatText(report: Report): string {
  const notes = report.rows.flatMap(({ id, notes }) => notes.map((note) => `${id}: ${note}`));
  return [
    formatMachine(report.machine),
    "",
    ...formatTable(report.rows, false),
    "",
    ...notes,
    "",
  ]
    .join("\n");
}

/** The report as Markdown, formatted as `deno fmt` would. */
export function formatMarkdown(report: Report): string {
  const { date, quick, machine, rows } = report;
  return [
    `Measured on ${date}${quick ? " in few rounds (`--quick`)" : ""}.`,
    "",
    ...wrap(formatMachine(machine)),
    "",
    ...formatTable(rows, true),
    "",
    ...rows.flatMap(formatRowFacts),
  ].join("\n");
}

/** Puts Markdown between the two markers of that name in a document; throws if they are not there. */
export function replaceMarked(document: string, marker: string, markdown: string): string {
  const [first, last] = [`<!-- ${marker}:begin -->`, `<!-- ${marker}:end -->`];
  const begin = document.indexOf(first);
  const end = document.indexOf(last, begin);
  if (begin === -1 || end === -1) {
    throw new Error(
      `Cannot write the table: expected "${first}" and "${last}" in the document`,
    );
  }
  return `${document.slice(0, begin + first.length)}\n\n${markdown}\n\n${document.slice(end)}`;
}

function formatTable(rows: readonly RowResult[], markdown: boolean): string[] {
  const cells = [HEADER, ...rows.map(formatCells)];
  const widths = HEADER.map((_, column) =>
    Math.max(...cells.map((row) => row[column]?.length ?? 0))
  );
  const lines = cells.map((row) => row.map((cell, column) => cell.padEnd(widths[column] ?? 0)));
  if (!markdown) return lines.map((line) => line.join("  ").trimEnd());
  const rule = widths.map((width) => "-".repeat(width));
  return lines.toSpliced(1, 0, rule).map((line) => `| ${line.join(" | ")} |`);
}

function formatCells(row: RowResult): string[] {
  return [
    row.id,
    formatSummary(row.ours, row.unit),
    formatSummary(row.baseline, row.unit),
    formatFigure(row.ratio),
    formatReach(row.reach),
    row.reached === null ? "-" : row.reached ? "yes" : "NO",
  ];
}

function formatRowFacts(
  { id, title, against, notes, ours }: RowResult,
): string[] {
  const rounds = ours.count === 1 ? "once" : `${ours.count} rounds`;
  return wrap(
    `- **${id}**: ${[`${title}; against ${against}; ${rounds}`, ...notes].join(". ")}.`,
    "  ",
  );
}

function formatSummary(
  { median, p95, min, count }: Summary,
  unit: Unit,
): string {
  // The tail that hurts: the slowest rounds, which for a rate are the lowest.
  const tail = unit === "calls/s" ? `min ${formatFigure(min)}` : `p95 ${formatFigure(p95)}`;
  return `${formatFigure(median)} ${unit}${count === 1 ? "" : ` (${tail})`}`;
}

function formatReach(reach: Reach | null): string {
  if (reach === null) return "-";
  return "atMost" in reach
    ? `at most ${formatFigure(reach.atMost)}`
    : `at least ${formatFigure(reach.atLeast)}`;
}

/** Three significant digits, whole from a hundred on. */
function formatFigure(value: number): string {
  return Math.abs(value) >= 100
    ? String(Math.round(value))
    : Number(value.toPrecision(3)).toString();
}

/** Breaks a paragraph into lines of 100 characters, as `deno fmt` does. */
function wrap(text: string, indent = ""): string[] {
  const lines: string[] = [];
  // A code span stays in one piece: a line break inside would become part of it.
  for (const word of text.match(/(?:`[^`]*`|[^\s`])+/g) ?? []) {
    const last = lines.at(-1);
    if (last !== undefined && last.length + 1 + word.length <= 100) {
      lines[lines.length - 1] = `${last} ${word}`;
    } else lines.push(last === undefined ? word : indent + word);
  }
  return lines;
}
