import type { z } from "zod";
import { InvalidParamsError, type Issue } from "../errors.ts";
import { issueMessage, received, typeName } from "./issue_message.ts";
import { knownKeysAt } from "./known_keys.ts";
import { cut, quote } from "./quote.ts";
import { suggestion } from "./suggestion.ts";

type ZodIssue = z.core.$ZodIssue;

const MAX_ISSUES = 50;

/**
 * Validates params and returns them with defaults filled in. Throws `InvalidParamsError` with an issue for
 * every invalid value and every unknown key.
 */
export function parseParams(schema: z.ZodType, params: unknown): unknown {
  const parsed = schema.safeParse(params, { error: issueMessage });
  if (parsed.success) return parsed.data;
  throw new InvalidParamsError(toIssues(parsed.error, schema, params), { cause: parsed.error });
}

/** Turns the error of a failed validation into issues for the client, bounded in number and length. */
export function toIssues(error: z.ZodError, schema: z.ZodType, params: unknown): Issue[] {
  const all = error.issues.flatMap((issue) => flatten(issue, [], schema, params));
  const more = all.length - MAX_ISSUES;
  const shown = all.slice(0, MAX_ISSUES);
  return more > 0 ? [...shown, { path: [], message: `And ${more} more issues` }] : shown;
}

function flatten(
  issue: ZodIssue,
  prefix: readonly PropertyKey[],
  schema: z.ZodType,
  params: unknown,
): Issue[] {
  const path = [...prefix, ...issue.path];
  switch (issue.code) {
    case "unrecognized_keys":
      return unknownKeys(issue.keys, path, knownKeysAt(schema, params, path));
    case "invalid_union":
      return issue.errors.length === 0
        ? [toIssue(path, issue.message)]
        : flattenUnion(issue, path, schema, params);
    case "invalid_key":
      return [toIssue(path, issue.issues[0]?.message ?? issue.message)];
    case "invalid_element":
      return issue.issues.flatMap((inner) => flatten(inner, path, schema, params));
    default:
      return [toIssue(path, issue.message)];
  }
}

/** Reports the branch that fits best: the one that only fails deeper inside, else what any would take. */
function flattenUnion(
  issue: z.core.$ZodIssueInvalidUnion,
  path: readonly PropertyKey[],
  schema: z.ZodType,
  params: unknown,
): Issue[] {
  const fitting = issue.errors.find((branch) => !branch.some(isWrongType));
  if (fitting !== undefined) {
    return fitting.flatMap((inner) => flatten(inner, path, schema, params));
  }
  const types = issue.errors.flatMap((branch) => branch.filter(isWrongType))
    .map(({ expected }) => typeName(expected));
  const value = path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown>)?.[key],
    params,
  );
  const message = `Expected ${[...new Set(types)].join(" or ")}, received ${received(value)}`;
  return [toIssue(path, message)];
}

function isWrongType(issue: ZodIssue): issue is z.core.$ZodIssueInvalidType {
  return issue.code === "invalid_type" && issue.path.length === 0;
}

function unknownKeys(
  keys: readonly string[],
  path: readonly PropertyKey[],
  known: readonly string[],
): Issue[] {
  const words = keys.slice(0, MAX_ISSUES).map((key) =>
    toIssue([...path, key], `Unknown key ${quote(key)}${suggestion(key, known)}`)
  );
  return [...words, ...keys.slice(MAX_ISSUES).map((key) => toIssue([...path, key], "Unknown key"))];
}

function toIssue(path: readonly PropertyKey[], message: string): Issue {
  return { path: path.map((key) => typeof key === "number" ? key : cut(String(key))), message };
}
