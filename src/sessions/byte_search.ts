import type { Turns } from "./turns.ts";

/** Bytes between two looks at the time. */
const STRIDE = 64 * 1024;

/** Options of {@linkcode findAll}. */
export interface FindAllOptions {
  /** Stops after so many. */
  readonly max: number;
  /** Lets others in between. */
  readonly turns: Turns;
}

/**
 * Finds where bytes stand in others, from left to right and without overlap. The time grows with the
 * lengths alone, whatever is looked for (the algorithm of Knuth, Morris and Pratt).
 */
export async function findAll(
  haystack: Uint8Array,
  needle: Uint8Array,
  { max, turns }: FindAllOptions,
): Promise<number[]> {
  const [first] = needle;
  if (first === undefined) throw new RangeError("Cannot look for nothing");
  const borders = bordersOf(needle);
  const found: number[] = [];
  let matched = 0;
  let pause = STRIDE;
  for (let at = 0; at < haystack.length && found.length < max; at++) {
    if (matched === 0) {
      at = haystack.indexOf(first, at);
      if (at === -1) break;
    }
    const byte = haystack[at];
    while (matched > 0 && needle[matched] !== byte) matched = borders[matched - 1] ?? 0;
    if (needle[matched] === byte) matched++;
    if (matched === needle.length) {
      found.push(at + 1 - matched);
      matched = 0;
    }
    if (at >= pause) {
      pause = at + STRIDE;
      await turns.next();
    }
  }
  return found;
}

/** For every beginning of the bytes: how much of it is its end too. */
function bordersOf(needle: Uint8Array): Uint32Array {
  const borders = new Uint32Array(needle.length);
  let border = 0;
  for (let at = 1; at < needle.length; at++) {
    while (border > 0 && needle[at] !== needle[border]) border = borders[border - 1] ?? 0;
    if (needle[at] === needle[border]) border++;
    borders[at] = border;
  }
  return borders;
}
