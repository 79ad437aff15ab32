import { closestString } from "@std/text/closest-string";
import { cut, quote } from "./quote.ts";

const MAX_DISTANCE = 3;
const MAX_LISTED = 20;

/** Returns the known word that a mistyped one most likely means, if one is near enough. */
export function nearest(given: string, known: readonly string[]): string | undefined {
  if (known.length === 0) return undefined;
  const word = cut(given);
  const candidate = closestString(word, known);
  const allowed = Math.min(MAX_DISTANCE, Math.ceil(word.length / 3));
  const distance = editDistance(word.toLowerCase(), candidate.toLowerCase());
  return distance <= allowed ? candidate : undefined;
}

/** Ends a sentence about an unknown word: the nearest known one, or a list of them if it is short. */
export function suggestion(given: string, known: readonly string[]): string {
  const near = nearest(given, known);
  if (near !== undefined) return `, did you mean ${quote(near)}?`;
  if (known.length === 0 || known.length > MAX_LISTED) return "";
  return `, expected ${known.length > 1 ? "one of " : ""}${known.map(quote).join(", ")}`;
}

function editDistance(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above.at(-1)!;
}
