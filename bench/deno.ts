/**
 * Measures Deno sessions against what they could cost at least, in turns. It reports and never
 * judges: its exit code is 0 whenever it could measure.
 *
 * @example
 * ```sh
 * deno task bench --quick
 * ```
 *
 * @module
 */
import { fromFileUrl } from "@std/path";
import type { BenchContext, RowResult } from "./_harness.ts";
import { describeMachine } from "./_machine.ts";
import { type BenchOptions, formatHelp, parseOptions } from "./_options.ts";
import { formatMarkdown, formatText, replaceMarked, type Report } from "./_report.ts";
import { burst } from "./rows/burst.ts";
import { helloWithoutSpare, helloWithSpare } from "./rows/hello.ts";
import { idle } from "./rows/idle.ts";
import { sequence } from "./rows/sequence.ts";
import { throughput } from "./rows/throughput.ts";

const ROWS = [
  helloWithSpare,
  helloWithoutSpare,
  sequence,
  burst,
  throughput,
  idle,
];
const DOCUMENT = fromFileUrl(
  new URL("../docs/performance.md", import.meta.url),
);
/** What a round that has begun may still take after the time is over, in milliseconds. */
const OVERTIME_MS = 120_000;

async function main(): Promise<void> {
  let options: BenchOptions | null;
  try {
    options = parseOptions(Deno.args, ROWS);
  } catch (error) {
    await write(
      Deno.stderr,
      `${error instanceof Error ? error.message : error}\n`,
    );
    Deno.exit(2);
  }
  if (options === null) return await write(Deno.stdout, formatHelp(ROWS));
  const report = await measure(options);
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
      replaceMarked(document, formatMarkdown(report)),
    );
  }
}

async function measure(options: BenchOptions): Promise<Report> {
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
    return await measureRows(options, {
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
  options: BenchOptions,
  context: BenchContext,
): Promise<Report> {
  const machine = await describeMachine(context.directory);
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

async function write(stream: typeof Deno.stdout, text: string): Promise<void> {
  const writer = stream.writable.getWriter();
  await writer.write(new TextEncoder().encode(text));
  writer.releaseLock();
}

await main();
