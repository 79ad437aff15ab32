import type { FileFacts } from "./file_provider.ts";

/** The headers by which a request asks for a certain state of a file. */
const CONDITIONS = ["if-match", "if-none-match", "if-modified-since", "if-unmodified-since"];

/** Whether a request depends on what the file is now. */
export function hasConditions(headers: Headers): boolean {
  return CONDITIONS.some((name) => headers.has(name));
}

/** The entity tag of a version. */
export function entityTag(version: string): string {
  return `"${version}"`;
}

/** When a file was written last, as HTTP says it: in whole seconds. */
export function lastModified({ modifiedAt }: FileFacts): string | undefined {
  return modifiedAt === undefined ? undefined : new Date(modifiedAt).toUTCString();
}

/**
 * Judges the conditions of a request by what the file is, undefined if there is none, in the order of
 * RFC 9110 (13.2.2).
 */
export function judgeConditions(
  { method, headers }: Request,
  facts: FileFacts | undefined,
): "go on" | "not modified" | "failed" {
  const isRead = method === "GET" || method === "HEAD";
  const match = headers.get("if-match");
  if (match !== null) {
    if (!tagsInclude(match, facts)) return "failed";
  } else if (isLater(facts, headers.get("if-unmodified-since"))) {
    return "failed";
  }
  const noneMatch = headers.get("if-none-match");
  if (noneMatch !== null) {
    if (tagsInclude(noneMatch, facts, { weak: true })) return isRead ? "not modified" : "failed";
  } else if (isRead && isLater(facts, headers.get("if-modified-since")) === false) {
    return "not modified";
  }
  return "go on";
}

/** Whether the range of a request still holds for the file: `If-Range` names it, or is not there. */
export function rangeHolds({ headers }: Request, facts: FileFacts): boolean {
  const value = headers.get("if-range");
  return value === null || value === entityTag(facts.version) || value === lastModified(facts);
}

function tagsInclude(
  header: string,
  facts: FileFacts | undefined,
  { weak = false } = {},
): boolean {
  if (facts === undefined) return false;
  if (header.trim() === "*") return true;
  const tags = header.match(/(?:W\/)?"[^"]*"/g) ?? [];
  const wanted = entityTag(facts.version);
  return tags.some((tag) => tag === wanted || (weak && tag === `W/${wanted}`));
}

/** Whether the file was written after a date; undefined if either is not known. */
function isLater(facts: FileFacts | undefined, header: string | null): boolean | undefined {
  const date = header === null ? NaN : Date.parse(header);
  if (facts?.modifiedAt === undefined || Number.isNaN(date)) return undefined;
  return Math.floor(facts.modifiedAt / 1000) > Math.floor(date / 1000);
}
