/**
 * The backstop against secrets in the log: callers must not log them, and what they log by mistake under
 * a telling name is dropped here. It cannot know what a string holds, so values belong into named
 * properties, never into the text of a message or into a template literal.
 */

/** Names that carry what clients send or receive; compared without case, `_` and `-`. */
const DROPPED: ReadonlySet<string> = new Set([
  "args",
  "body",
  "chunk",
  "code",
  "content",
  "contents",
  "data",
  "env",
  "environment",
  "files",
  "headers",
  "key",
  "keys",
  "output",
  "params",
  "payload",
  "result",
  "source",
  "stderr",
  "stdin",
  "stdout",
  "text",
]);
const SECRET_ENDING =
  /(?:apikeys?|authorization|cookies?|credentials?|passphrase|passwords?|secrets?|tokens?)$/;

const MAX_DEPTH = 4;
const MAX_ENTRIES = 50;
const MAX_TEXT_LENGTH = 4096;

/** What a value became that could be logged: plain JSON. */
export type Loggable = string | number | boolean | null | Loggable[] | {
  [key: string]: Loggable;
};

/**
 * Whether values of this name are never logged: code, files, environment, streams, tokens and the like.
 * `exitCode`, `errorCode` and `sessionId` are fine; `code` is not, so an error's goes by `errorCode`.
 */
export function isDropped(name: string): boolean {
  const bare = name.toLowerCase().replace(/[_-]/g, "");
  return DROPPED.has(bare) || SECRET_ENDING.test(bare);
}

/**
 * Copies properties into plain JSON of bounded size, without the ones of {@linkcode isDropped}; their
 * names stay, in `redacted`. Never throws.
 */
export function redactProperties(
  properties: Readonly<Record<string, unknown>>,
): Record<string, Loggable> {
  return redactObject(properties, 0);
}

/** Copies one value into plain JSON of bounded size. Never throws. */
export function redactValue(value: unknown, depth = 0): Loggable {
  switch (typeof value) {
    case "string":
      return shorten(value);
    case "number":
      return Number.isFinite(value) ? value : String(value);
    case "boolean":
      return value;
    case "bigint":
      return String(value);
    case "object":
      return value === null ? null : redactReference(value, depth);
    default:
      return `[${typeof value}]`;
  }
}

function redactReference(value: object, depth: number): Loggable {
  try {
    if (ArrayBuffer.isView(value)) return `[${value.byteLength} bytes]`;
    if (value instanceof Date) {
      return Number.isNaN(value.getTime()) ? "[date]" : value.toISOString();
    }
    if (value instanceof URL) {
      return shorten(String(withoutQuery("url", value.href)));
    }
    if (depth >= MAX_DEPTH) return "[…]";
    if (Array.isArray(value)) {
      return value.slice(0, MAX_ENTRIES).map((entry) => redactValue(entry, depth + 1));
    }
    if (value instanceof Error) return redactError(value, depth);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null || prototype === Object.prototype) {
      return redactObject(value, depth);
    }
    return `[${String(prototype.constructor?.name ?? "object").slice(0, 64)}]`;
  } catch {
    // A getter or a proxy threw; the line is worth more than this value.
    return "[unreadable]";
  }
}

function redactObject(value: object, depth: number): Record<string, Loggable> {
  const copy: Record<string, Loggable> = {};
  const redacted: string[] = [];
  for (const name of Object.keys(value).slice(0, MAX_ENTRIES)) {
    const shown = name.slice(0, 128);
    if (shown === "__proto__") continue;
    const property = readProperty(value, name);
    if (property === undefined) continue;
    if (isDropped(name)) redacted.push(shown);
    else copy[shown] = redactValue(withoutQuery(name, property), depth + 1);
  }
  if (redacted.length > 0) copy.redacted = redacted;
  return copy;
}

function redactError(error: Error, depth: number): Record<string, Loggable> {
  const copy: Record<string, Loggable> = {
    name: shorten(String(error.name)),
    message: shorten(String(error.message)),
  };
  if ("code" in error && typeof error.code === "string") {
    copy.errorCode = shorten(error.code);
  }
  if (typeof error.stack === "string") copy.stack = shorten(error.stack);
  if (error.cause !== undefined) {
    copy.cause = redactValue(error.cause, depth + 1);
  }
  return copy;
}

/** The query and the user part of an address may hold a token, whether it is a URL or still text. */
function withoutQuery(name: string, value: unknown): unknown {
  if (typeof value !== "string" || !/ur[il]$|^href$/i.test(name)) return value;
  return value.replace(/[?#].*$/s, "").replace(/^([a-z][a-z0-9+.-]*:\/\/)[^/]*@/i, "$1");
}

function readProperty(value: object, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    // A getter threw.
    return "[unreadable]";
  }
}

function shorten(text: string): string {
  if (text.length <= MAX_TEXT_LENGTH) return text;
  return `${text.slice(0, MAX_TEXT_LENGTH).toWellFormed()}… (${text.length} characters)`;
}
