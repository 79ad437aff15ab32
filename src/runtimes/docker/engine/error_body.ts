import type { EngineConn } from "./connect_engine.ts";
import type { ResponseHead } from "./response_head.ts";

const MAX_BYTES = 64 * 1024;

/** Reads the body of an answer that refuses to hand over its connection, at most 64 KiB of it. */
export async function readErrorBody(
  conn: Pick<EngineConn, "read">,
  head: ResponseHead,
  rest: Uint8Array,
): Promise<string> {
  const chunked = head.headers.get("transfer-encoding")?.toLowerCase() === "chunked";
  const stated = head.headers.get("content-length") ?? "";
  const wanted = !chunked && /^\d+$/.test(stated) ? Math.min(Number(stated), MAX_BYTES) : MAX_BYTES;
  const buffer = new Uint8Array(wanted);
  buffer.set(rest.subarray(0, wanted));
  let length = Math.min(rest.length, wanted);
  while (length < wanted) {
    // The connection stays open behind the last chunk.
    if (chunked && decodeChunked(buffer.subarray(0, length)).complete) break;
    const count = await conn.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  const body = buffer.subarray(0, length);
  return chunked ? decodeChunked(body).text : new TextDecoder().decode(body);
}

/** Decodes as much of a chunked body as is there. */
function decodeChunked(bytes: Uint8Array): { text: string; complete: boolean } {
  const decoder = new TextDecoder();
  let text = "";
  for (let at = 0;;) {
    const lineEnd = bytes.indexOf(10, at);
    const line = new TextDecoder().decode(bytes.subarray(at, Math.max(at, lineEnd)));
    const size = /^([0-9a-fA-F]{1,6})[ \t]*(?:;.*)?\r?$/.exec(line)?.[1];
    if (size === undefined) return { text: text + decoder.decode(), complete: false };
    const length = parseInt(size, 16);
    if (length === 0) return { text: text + decoder.decode(), complete: true };
    const start = lineEnd + 1;
    text += decoder.decode(bytes.subarray(start, start + length), { stream: true });
    at = start + length + 2;
  }
}
