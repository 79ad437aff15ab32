import { AsyncLocalStorage } from "node:async_hooks";
import { configureSync, type LogLevel, type LogRecord, resetSync } from "@logtape/logtape";
import { formatJson, prettyFormatter, type RecordFormatter } from "./format_record.ts";
import { LineWriter } from "./line_writer.ts";

/** Options of {@linkcode configureLogging}. */
export interface LoggingOptions {
  /** Lowest level that is logged. @default {"info"} */
  readonly level?: LogLevel;
  /** Form of the lines; `auto` is `pretty` if stderr is a terminal, else `json`. @default {"auto"} */
  readonly format?: "auto" | "json" | "pretty";
  /** Takes each line, its end included, instead of stderr. */
  readonly sink?: (line: string) => void;
}

/** The log while it is set up. Disposing writes what waits and takes the set-up back. */
export interface Logging extends AsyncDisposable {
  /** Resolves when every line logged so far is written. */
  flush(): Promise<void>;
}

/** One for the process: contexts opened under one set-up stay readable under the next. */
const contextLocalStorage = new AsyncLocalStorage<Record<string, unknown>>();
let current: Logging | undefined;

/**
 * Sets up the log of the process. Loggers are LogTape's, `getLogger(["codebeaker", "sessions"])`; ids
 * get onto every line through `withContext({ requestId }, …)` or `logger.with({ sessionId })`. Called
 * again it replaces the set-up before.
 */
export function configureLogging(options: LoggingOptions = {}): Logging {
  const { level = "info", format = "auto", sink } = options;
  const terminal = sink === undefined && Deno.stderr.isTerminal();
  const formatter = chooseFormatter(format, terminal);
  const writer = sink === undefined ? new LineWriter(Deno.stderr) : undefined;
  const write = sink ?? ((line: string) => writer?.write(line));
  configureSync({
    reset: true,
    contextLocalStorage,
    sinks: { lines: (record: LogRecord) => write(formatter(record)) },
    loggers: [
      { category: ["codebeaker"], sinks: ["lines"], lowestLevel: level },
      { category: ["logtape", "meta"], sinks: ["lines"], lowestLevel: "warning" },
    ],
  });
  let closed: Promise<void> | undefined;
  const logging: Logging = {
    flush: () => writer?.flush() ?? Promise.resolve(),
    [Symbol.asyncDispose]: () => closed ??= close(logging, writer),
  };
  current = logging;
  return logging;
}

async function close(logging: Logging, writer: LineWriter | undefined): Promise<void> {
  // Only the latest set-up may take LogTape's configuration away.
  if (current === logging) {
    current = undefined;
    resetSync();
  }
  await writer?.[Symbol.asyncDispose]();
}

function chooseFormatter(format: "auto" | "json" | "pretty", terminal: boolean): RecordFormatter {
  if (format === "json" || (format === "auto" && !terminal)) return formatJson;
  return prettyFormatter({ color: terminal && !Deno.noColor });
}
