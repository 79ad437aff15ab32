/** Options of {@linkcode readBody}. */
export interface ReadBodyOptions {
  /** Bytes it may have. */
  readonly maxBytes: number;
  /** Milliseconds until it must be complete. */
  readonly timeoutMs: number;
}

/** A body, or why there is none. */
export type ReadBodyResult =
  | { readonly bytes: Uint8Array }
  | { readonly refused: "too_large" | "timeout" | "aborted" };

/** Reads the body of a request without ever holding more than the limit. */
export async function readBody(
  request: Request,
  { maxBytes, timeoutMs }: ReadBodyOptions,
): Promise<ReadBodyResult> {
  if (Number(request.headers.get("content-length")) > maxBytes) return { refused: "too_large" };
  if (request.body === null) return { bytes: new Uint8Array() };
  const reader = request.body.getReader();
  let isLate = false;
  const timer = setTimeout(() => {
    isLate = true;
    // The read under way then ends as if the body had.
    reader.cancel().catch(() => {});
  }, timeoutMs);
  try {
    const chunks: Uint8Array[] = [];
    let size = 0;
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return isLate ? { refused: "timeout" } : { bytes: concat(chunks, size) };
      size += value.length;
      if (size > maxBytes) {
        await reader.cancel();
        return { refused: "too_large" };
      }
      chunks.push(value);
    }
  } catch {
    // The client went away in the middle; nobody is left to tell.
    return { refused: isLate ? "timeout" : "aborted" };
  } finally {
    clearTimeout(timer);
  }
}

function concat(chunks: readonly Uint8Array[], size: number): Uint8Array {
  if (chunks.length === 1) return chunks[0]!;
  const all = new Uint8Array(size);
  let offset = 0;
  for (const chunk of chunks) {
    all.set(chunk, offset);
    offset += chunk.length;
  }
  return all;
}
