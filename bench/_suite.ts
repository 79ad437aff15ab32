import { fromFileUrl } from "@std/path";
import { CannotMeasure } from "./_cannot_measure.ts";
import type { BenchContext, BenchRow, RowResult } from "./_harness.ts";
import type { Machine } from "./_machine.ts";
import { type BenchOptions, formatHelp, parseOptions } from "./_options.ts";
import { formatMarkdown, formatText, replaceMarked, type Report } from "./_report.ts";

/** What one entry of the benchmark measures. */
export interface BenchSuite {
  /** The task that starts it. */
  readonly task: string;
  /** Name of the two markers in docs/performance.md between which its table is. */
  readonly marker: string;
  /** All of its rows, in the order of the table. */
  readonly rows: readonly BenchRow[];
  /** Says what it runs on. Throws {@linkcode CannotMeasure} where something is missing. */
  describe(context: BenchContext): Promise<Machine>;
}

const DOCUMENT = fromFileUrl(
  new URL("../docs/performance.md", import.meta.url),
);
/** What a round that has begun may still take after the time is over, in milliseconds. */
const OVERTIME_MS = 120_000;

/**
 * Measures what the command line asks for and reports it. It never judges: the exit code is 0 whenever
 * it could measure, and 2 for a wrong command line or where something is missing.
 */
export async function runSuite(suite: BenchSuite): Promise<void> {
  let options: BenchOptions | null;
  try {
    options = parseOptions(Deno.args, suite.rows);
  } catch (error) {
    return await giveUp(error instanceof Error ? error.message : String(error));
  }
  if (options === null) return await write(Deno.stdout, formatHelp(suite));
  try {
    await publish(suite, options, await measure(suite, options));
  } catch (error) {
    if (!(error instanceof CannotMeasure)) throw error;
    await giveUp(error.message);
  }
}

async function publish(suite: BenchSuite, options: BenchOptions, report: Report): Promise<void> {
  await write(Deno.stdout, `\n${formatText(report)}`);
  if (options.json !== null) {
    await Deno.writeTextFile(
      options.json,
      `${JSON.stringify(report, null, 2)}\n`,
    );
  }
  if (options.writeDocs) {
    const document = await Deno.readTextFile(DOCUMENT);
    await Deno.writeTextFile(
      DOCUMENT,
      replaceMarked(document, suite.marker, formatMarkdown(report)),
    );
  }
}

async function measure(suite: BenchSuite, options: BenchOptions): Promise<Report> {
  const interrupt = new AbortController();
  const onSignal = () => interrupt.abort(new Error("Interrupted"));
  Deno.addSignalListener("SIGINT", onSignal);
  Deno.addSignalListener("SIGTERM", onSignal);
  const milliseconds = options.maxSeconds * 1000;
  const timeout = setTimeout(() => {
    interrupt.abort(
      new Error(`Cannot finish within --max-seconds ${options.maxSeconds}`),
    );
  }, milliseconds + OVERTIME_MS);
  const directory = await Deno.makeTempDir({ prefix: "codebeaker-bench-" });
  try {
    return await measureRows(suite, options, {
      quick: options.quick,
      signal: interrupt.signal,
      directory,
      softDeadline: performance.now() + milliseconds,
      progress: (text) => Deno.stderr.writeSync(new TextEncoder().encode(text)),
    });
  } finally {
    clearTimeout(timeout);
    Deno.removeSignalListener("SIGINT", onSignal);
    Deno.removeSignalListener("SIGTERM", onSignal);
    await Deno.remove(directory, { recursive: true });
  }
}

async function measureRows(
  suite: BenchSuite,
  options: BenchOptions,
  context: BenchContext,
): Promise<Report> {
  const machine = await suite.describe(context);
  const rows: RowResult[] = [];
  for (const row of options.rows) {
    context.progress(`${row.id}: ${row.summary} …\n`);
    rows.push(await row.run(context));
  }
  return {
    date: new Date().toISOString().slice(0, 10),
    quick: options.quick,
    machine,
    rows,
  };
}

async function giveUp(message: string): Promise<never> {
  await write(Deno.stderr, `${message}\n`);
  Deno.exit(2);
}

async function write(stream: typeof Deno.stdout, text: string): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}
