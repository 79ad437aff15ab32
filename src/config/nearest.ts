import { closestString } from "@std/text/closest-string";

/** The known name nearest to a mistyped one; the mistyped one is cut to a bounded length first. */
export function nearest(given: string, known: readonly string[]): string {
  return closestString(given.slice(0, 64), known, { caseSensitive: false });
}
