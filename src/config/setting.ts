import { z } from "zod";
import { formatBytes, parseBytes } from "./byte_size.ts";

/** How the text of a flag or variable becomes a value. */
export type SettingKind =
  | "text"
  | "choice"
  | "integer"
  | "number"
  | "bytes"
  | "boolean"
  | "list"
  | "grant";

/** What is known of a setting besides its type, default and description. */
export interface SettingTraits {
  /** How text becomes its value. */
  readonly kind: SettingKind;
  /** The values it takes, as the end of a sentence that starts with "expected". */
  readonly expected: string;
  /** Whether its value must never be shown; such a setting has no flag. @default {false} */
  readonly secret?: boolean;
  /** Environment variables that set it too, after its own. */
  readonly variables?: readonly string[];
}

/** The traits of every setting, by its schema. */
export const SETTING_TRAITS = z.registry<SettingTraits>();

/** Bounds of a number. */
export interface NumberRange {
  readonly default: number;
  readonly min: number;
  readonly max: number;
}

const MAX_LIST_ENTRIES = 1000;
const MAX_TEXT_LENGTH = 4096;

const entry = z.string().min(1).max(MAX_TEXT_LENGTH).refine((value) => value.trim() === value);

/** A whole number. */
export function integer(range: NumberRange, description: string) {
  return z.int().min(range.min).max(range.max).default(range.default).meta({ description })
    .register(SETTING_TRAITS, {
      kind: "integer",
      expected: `a whole number from ${range.min} to ${range.max}`,
    });
}

/** A number that may have a fraction. */
export function decimal(range: NumberRange, description: string) {
  return z.number().min(range.min).max(range.max).default(range.default).meta({ description })
    .register(SETTING_TRAITS, {
      kind: "number",
      expected: `a number from ${range.min} to ${range.max}`,
    });
}

/** A size in bytes, also written with a unit, such as `64MB` or `1GiB`. */
export function bytes(range: NumberRange, description: string) {
  const sized = z.preprocess(
    (value) => typeof value === "string" ? parseBytes(value) ?? value : value,
    z.int().min(range.min).max(range.max),
  );
  return sized.default(range.default).meta({ description }).register(
    SETTING_TRAITS,
    {
      kind: "bytes",
      expected: `bytes or a size such as 64MB or 1GiB, from ${formatBytes(range.min)} to ${
        formatBytes(range.max)
      }`,
    },
  );
}

/** A switch. */
export function toggle(fallback: boolean, description: string) {
  return z.boolean().default(fallback).meta({ description })
    .register(SETTING_TRAITS, { kind: "boolean", expected: "true or false" });
}

/** One of some words. */
export function choice<const T extends readonly [string, ...string[]]>(
  words: T,
  fallback: NoInfer<T>[number],
  description: string,
) {
  return z.enum(words).default(fallback as never).meta({ description })
    .register(SETTING_TRAITS, {
      kind: "choice",
      expected: `one of ${words.join(", ")}`,
    });
}

/** Options of {@linkcode list}. */
export interface ListOptions {
  /** What an entry must be; any text without it. */
  readonly accepts?: (entry: string) => boolean;
  /** The end of a sentence that starts with "expected". */
  readonly expected: string;
  /** Whether its entries must never be shown. @default {false} */
  readonly secret?: boolean;
  /** Entries when nothing is given. @default {[]} */
  readonly fallback?: readonly string[];
}

/** A list of texts. */
export function list(description: string, options: ListOptions) {
  const { accepts = () => true, expected, secret = false, fallback = [] } = options;
  return z.array(entry.refine(accepts)).max(MAX_LIST_ENTRIES).default([...fallback])
    .meta({ description }).register(SETTING_TRAITS, { kind: "list", expected, secret });
}

/** What a session may be granted: everything, nothing, or what a list names. */
export function grant(fallback: boolean, description: string) {
  return z.union([z.boolean(), z.array(entry).max(MAX_LIST_ENTRIES)]).default(fallback)
    .meta({ description })
    .register(SETTING_TRAITS, { kind: "grant", expected: "true, false or a list of names" });
}

/** Options of {@linkcode text}. */
export interface TextOptions {
  /** What the text must be; any without it. */
  readonly accepts?: (text: string) => boolean;
  /** The end of a sentence that starts with "expected". */
  readonly expected: string;
}

/** A text with a default. */
export function text(fallback: string, description: string, options: TextOptions) {
  const { accepts = () => true, expected } = options;
  return entry.refine(accepts).default(fallback).meta({ description })
    .register(SETTING_TRAITS, { kind: "text", expected });
}

/** Options of {@linkcode optionalText}. */
export interface OptionalTextOptions extends TextOptions {
  /** Environment variables that set it too. @default {[]} */
  readonly variables?: readonly string[];
}

/** A text that may be left out. */
export function optionalText(description: string, options: OptionalTextOptions) {
  const { accepts = () => true, expected, variables = [] } = options;
  return entry.refine(accepts).optional().meta({ description })
    .register(SETTING_TRAITS, { kind: "text", expected, variables });
}

/** A path that may be left out. */
export function optionalPath(description: string, variables: readonly string[] = []) {
  return entry.refine((value) => !value.includes("\0")).optional().meta({ description })
    .register(SETTING_TRAITS, { kind: "text", expected: "a path", variables });
}
