/** What a `Range` header asks for: from a byte on, up to a last one; or that many at the end. */
export type ByteRange =
  | { readonly first: number; readonly last?: number }
  | { readonly suffix: number };

/** Reads a header of one range of bytes; anything else is undefined, and the whole file is sent. */
export function parseRange(header: string | null): ByteRange | undefined {
  const match = /^bytes=\s*(\d{0,16})\s*-\s*(\d{0,16})\s*$/i.exec(header ?? "");
  if (match === null) return undefined;
  const [, from = "", to = ""] = match;
  if (from === "") return to === "" ? undefined : { suffix: Number(to) };
  if (to === "") return { first: Number(from) };
  return Number(to) < Number(from) ? undefined : { first: Number(from), last: Number(to) };
}

/** The bytes that a range means in a file; where they begin is its size at most. */
export function resolveRange(
  range: ByteRange | undefined,
  size: number,
): { readonly offset?: number; readonly length?: number } {
  if (range === undefined) return {};
  if (!("suffix" in range)) return rangeFromStart(range);
  const length = Math.min(range.suffix, size);
  return { offset: size - length, length };
}

/** The same for a range that does not need the size. */
export function rangeFromStart(
  { first, last }: { readonly first: number; readonly last?: number },
): { readonly offset: number; readonly length?: number } {
  return { offset: first, ...(last !== undefined && { length: last - first + 1 }) };
}
