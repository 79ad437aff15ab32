import type { LogRecord } from "@logtape/logtape";
import { isDropped, type Loggable, redactValue } from "./redact.ts";

/**
 * Puts the message of a record together again from its template, with values that went through redaction:
 * the record's own message holds the original ones.
 */
export function renderMessage(
  record: Pick<LogRecord, "message" | "rawMessage">,
  properties: Readonly<Record<string, Loggable>>,
): string {
  if (typeof record.rawMessage !== "string") {
    return renderLiteral(record.message);
  }
  return record.rawMessage.replace(
    /\{\{|\}\}|\{([^{}]*)\}/g,
    (match, name: string | undefined) => {
      if (name === undefined) return match.slice(1);
      return renderPlaceholder(name.trim(), properties) ?? match;
    },
  );
}

/** Values of a template literal have no names; only what they are can be looked at. */
function renderLiteral(parts: readonly unknown[]): string {
  return parts.map((part, index) => index % 2 === 0 ? String(part) : show(redactValue(part))).join(
    "",
  );
}

function renderPlaceholder(
  name: string,
  properties: Readonly<Record<string, Loggable>>,
): string | undefined {
  if (name === "*") return show(properties);
  let value: Loggable | undefined = properties;
  for (const step of name.split(/[?.[\]"']+/).filter((step) => step !== "")) {
    if (isDropped(step)) return "[redacted]";
    value = isRecord(value) && Object.hasOwn(value, step) ? value[step] : undefined;
  }
  return value === undefined ? undefined : show(value);
}

function isRecord(value: Loggable | undefined): value is Record<string, Loggable> {
  return typeof value === "object" && value !== null;
}

function show(value: Loggable): string {
  if (typeof value === "string") return value;
  if (isRecord(value) && typeof value.name === "string" && typeof value.message === "string") {
    return `${value.name}: ${value.message}`;
  }
  return JSON.stringify(value);
}
