import type { ConfigKey } from "./schema.ts";
import type { SettingKind } from "./setting.ts";

/** Where a setting's value came from. */
export type ConfigSource = "flag" | "environment" | "file" | "default";

/** A value that somebody gave, not yet checked. */
export interface GivenValue {
  /** The setting. */
  readonly key: ConfigKey;
  /** The value, decoded from text where it was text. */
  readonly value: unknown;
  /** What to call the place in a message: `--port`, `CODEBEAKER_PORT`, `key "port" of server.json`. */
  readonly origin: string;
  /** The kind of place. */
  readonly source: ConfigSource;
}

/**
 * Reads text from a flag or variable as what the setting's kind takes. Text that is nothing of the kind
 * comes back as it is, for the schema to refuse.
 */
export function decodeText(kind: SettingKind, text: string): unknown {
  switch (kind) {
    case "integer":
    case "number":
      return /^-?\d{1,15}(\.\d{1,15})?$/.test(text.trim()) ? Number(text) : text;
    case "boolean":
      return decodeBoolean(text) ?? text;
    case "list":
      return splitList(text);
    case "grant":
      return decodeBoolean(text) ?? splitList(text);
    case "bytes":
    case "choice":
    case "text":
      return text;
  }
}

/** Quotes a value for a message, on one line and at most 80 characters long. */
export function quoteValue(value: unknown): string {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? String(value);
  return JSON.stringify(text.length > 80 ? `${text.slice(0, 79)}…` : text);
}

function splitList(text: string): string[] {
  return text.split(",").map((entry) => entry.trim()).filter((entry) => entry !== "");
}

function decodeBoolean(text: string): boolean | undefined {
  const word = text.trim().toLowerCase();
  if (["true", "1", "yes", "on"].includes(word)) return true;
  if (["false", "0", "no", "off"].includes(word)) return false;
  return undefined;
}
