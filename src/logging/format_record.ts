import type { LogLevel, LogRecord } from "@logtape/logtape";
import { type Loggable, redactProperties } from "./redact.ts";
import { renderMessage } from "./render_message.ts";

/** Writes a record as one line of text, its end included. */
export type RecordFormatter = (record: LogRecord) => string;

const RESERVED: ReadonlySet<string> = new Set(["time", "level", "logger", "message"]);

/** One JSON object a line: `time`, `level`, `logger`, `message`, then the properties by their names. */
export function formatJson(record: LogRecord): string {
  const properties = redactProperties(record.properties);
  const line: Record<string, Loggable> = {
    time: new Date(record.timestamp).toISOString(),
    level: record.level,
    logger: record.category.join("."),
    message: renderMessage(record, properties),
  };
  for (const [name, value] of Object.entries(properties)) {
    line[RESERVED.has(name) ? `${name}_` : name] = value;
  }
  return escapeControls(JSON.stringify(line), "json") + "\n";
}

const LEVELS: Readonly<Record<LogLevel, { label: string; color: number }>> = {
  trace: { label: "TRC", color: 90 },
  debug: { label: "DBG", color: 36 },
  info: { label: "INF", color: 32 },
  warning: { label: "WRN", color: 33 },
  error: { label: "ERR", color: 31 },
  fatal: { label: "FTL", color: 35 },
};

/** Options of {@linkcode prettyFormatter}. */
export interface PrettyOptions {
  /** Whether the level has a colour. @default {false} */
  readonly color?: boolean;
}

/** Lines for people: `12:30:01.250 INF sessions  Session created  sessionId=…`, stacks indented below. */
export function prettyFormatter(options: PrettyOptions = {}): RecordFormatter {
  const { color = false } = options;
  return (record) => {
    const properties = redactProperties(record.properties);
    const time = new Date(record.timestamp).toISOString().slice(11, 23);
    const { label, color: paint } = LEVELS[record.level];
    const level = color ? `\x1b[${paint}m${label}\x1b[0m` : label;
    const [first, ...rest] = record.category;
    const logger = (first === "codebeaker" && rest.length > 0 ? rest : record.category).join(".");
    const message = escapeControls(renderMessage(record, properties));
    const pairs = Object.entries(properties).map(([name, value]) => ` ${prettyPair(name, value)}`);
    const stacks = Object.values(properties).map(prettyStack);
    return `${time} ${level} ${logger}  ${message}${pairs.length > 0 ? " " : ""}${
      pairs.join("")
    }\n${stacks.join("")}`;
  };
}

function prettyPair(name: string, value: Loggable): string {
  const error = asError(value);
  const plain = error === undefined ? value : `${error.name}: ${error.message}`;
  const text = typeof plain === "string" && /^[\w.:/@+-]+$/.test(plain)
    ? plain
    : JSON.stringify(plain);
  return escapeControls(`${name}=${text}`);
}

function prettyStack(value: Loggable): string {
  const frames = asError(value)?.stack;
  if (typeof frames !== "string") return "";
  return frames.split("\n").map((frame) => `    ${escapeControls(frame)}\n`)
    .join("");
}

function asError(value: Loggable): Record<string, Loggable> | undefined {
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    return undefined;
  }
  return typeof value.name === "string" && typeof value.message === "string" ? value : undefined;
}

/** Escapes what a terminal or a reader of lines could take for more than text. */
function escapeControls(text: string, form: "text" | "json" = "text"): string {
  // deno-lint-ignore no-control-regex -- control characters are what it looks for
  return text.replace(/[\x00-\x1f\x7f-\x9f\u2028\u2029]/g, (character) => {
    const hex = character.charCodeAt(0).toString(16);
    if (form === "json") return `\\u${hex.padStart(4, "0")}`;
    return character === "\n" ? "\\n" : `\\x${hex.padStart(2, "0")}`;
  });
}
