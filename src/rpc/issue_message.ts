import type { z } from "zod";
import { cut, quote } from "./quote.ts";
import { suggestion } from "./suggestion.ts";

/** An issue before its message is settled; it still carries the input. */
export type RawIssue = z.core.$ZodRawIssue;

const TYPE_NAMES: Readonly<Record<string, string>> = {
  string: "a string",
  number: "a number",
  int: "a whole number",
  bigint: "a whole number",
  boolean: "true or false",
  object: "an object",
  record: "an object",
  array: "an array",
  tuple: "an array",
  null: "null",
};

const UNITS: Readonly<Record<string, string>> = {
  string: " characters",
  array: " entries",
  set: " entries",
  map: " entries",
  record: " entries",
  object: " keys",
  file: " bytes",
};

/**
 * Words an issue whose schema has no words of its own: what was expected, and what was received. Text of
 * the client's is only told back where a word was expected, since messages are logged.
 */
export function issueMessage(issue: RawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type":
      return typeMessage(issue);
    case "too_big":
      return sizeMessage(issue, issue.maximum, issue.inclusive ? "at most" : "less than");
    case "too_small":
      return sizeMessage(issue, issue.minimum, issue.inclusive ? "at least" : "more than");
    case "invalid_value":
      return wordMessage(issue.values, issue.input);
    case "invalid_union":
      return Array.isArray(issue.options)
        ? wordMessage(issue.options, discriminatorOf(issue))
        : "Matches none of the allowed forms";
    case "invalid_format":
      return `Expected ${issue.format === "regex" ? "another form of text" : issue.format}`;
    case "not_multiple_of":
      return `Expected a multiple of ${issue.divisor}, received ${received(issue.input)}`;
    case "invalid_key":
      return "Key is not allowed";
    case "custom":
      return "Value is not allowed";
    default:
      return undefined;
  }
}

/** Names what was received, without its content unless that is a number or a switch. */
export function received(input: unknown): string {
  if (input === undefined) return "nothing";
  if (Array.isArray(input)) return "an array";
  if (typeof input === "string") return "a string";
  if (typeof input === "object" && input !== null) return "an object";
  return cut(String(input));
}

/** Names a type that was expected. */
export function typeName(expected: string): string {
  return TYPE_NAMES[expected] ?? expected;
}

function typeMessage({ expected, input, path }: RawIssue & { expected?: unknown }): string {
  const isParams = path === undefined || path.length === 0;
  if (Array.isArray(input) && expected === "object" && isParams) {
    return "Expected params by name (an object), received them by position (an array)";
  }
  const type = typeName(String(expected));
  return input === undefined
    ? `Missing, expected ${type}`
    : `Expected ${type}, received ${received(input)}`;
}

function sizeMessage(issue: RawIssue, bound: unknown, relation: string): string {
  const origin = String((issue as { origin?: unknown }).origin);
  return `Expected ${relation} ${bound}${UNITS[origin] ?? ""}, received ${sizeOf(issue.input)}`;
}

function sizeOf(input: unknown): string {
  if (typeof input === "string" || Array.isArray(input)) return String(input.length);
  if (typeof input === "object" && input !== null) return String(Object.keys(input).length);
  return received(input);
}

function wordMessage(values: readonly unknown[], input: unknown): string {
  const words = values.map(String);
  if (typeof input === "string") return `Unknown value ${quote(input)}${suggestion(input, words)}`;
  const list = words.map(quote).join(", ");
  const expected = words.length === 1 ? list : `one of ${list}`;
  return input === undefined
    ? `Missing, expected ${expected}`
    : `Expected ${expected}, received ${received(input)}`;
}

function discriminatorOf(issue: RawIssue): unknown {
  const { input, discriminator } = issue as { input?: unknown; discriminator?: string };
  return discriminator === undefined || input === null || typeof input !== "object"
    ? input
    : (input as Record<string, unknown>)[discriminator];
}
