import { STATUS_CODE } from "@std/http/status";
import { errorResponse } from "../json_response.ts";
import { type ByteRange, parseRange, rangeFromStart, resolveRange } from "./byte_range.ts";
import {
  entityTag,
  hasConditions,
  judgeConditions,
  lastModified,
  rangeHolds,
} from "./conditions.ts";
import { asAttachment, contentType } from "./content_type.ts";
import { guardDownload } from "./download.ts";
import type { FileFacts, FileTransfer, OpenedFile } from "./file_provider.ts";
import { FileRefusal } from "./file_refusal.ts";

/** What a request about a file works with. */
export interface FileCall {
  readonly request: Request;
  readonly transfer: FileTransfer;
  readonly path: string;
  /** Milliseconds that a client may send or take nothing. */
  readonly idleMs: number;
}

/** How often a file is opened that is another one each time. */
const TRIES = 3;
/** Up to this many bytes are sent in one piece. */
const SMALL_BYTES = 256 * 1024;

/** Answers `GET` and `HEAD`. The transfer ends with the answer's body. */
export async function getFile(call: FileCall): Promise<Response> {
  const { request, transfer, path } = call;
  const isHead = request.method === "HEAD";
  // A range has no meaning for anything else.
  const range = isHead ? undefined : parseRange(request.headers.get("range"));
  const needsFacts = isHead || hasConditions(request.headers) ||
    (range !== undefined && ("suffix" in range || request.headers.has("if-range")));
  for (let tries = 1;; tries++) {
    const known = needsFacts ? await transfer.open(path, { length: 0 }) : undefined;
    const verdict = known === undefined ? "go on" : judgeConditions(request, known);
    if (known !== undefined && verdict !== "go on") {
      return conditionAnswer(verdict, known, transfer);
    }
    if (known !== undefined && isHead) return headAnswer(known, call);
    const wanted = known === undefined || rangeHolds(request, known) ? range : undefined;
    const opened = await transfer.open(path, bytesOf(wanted, known));
    if (known === undefined || known.version === opened.version || tries === TRIES) {
      return await contentAnswer(opened, wanted, call);
    }
    await opened.content.cancel();
  }
}

function bytesOf(range: ByteRange | undefined, known: FileFacts | undefined) {
  if (known !== undefined) return resolveRange(range, known.size);
  return range === undefined || "suffix" in range ? {} : rangeFromStart(range);
}

function conditionAnswer(
  verdict: "not modified" | "failed",
  facts: FileFacts,
  transfer: FileTransfer,
): Response {
  transfer[Symbol.dispose]();
  if (verdict === "failed") return preconditionFailed(facts);
  return new Response(null, { status: STATUS_CODE.NotModified, headers: versionHeaders(facts) });
}

function headAnswer(facts: FileFacts, { path, transfer }: FileCall): Response {
  transfer[Symbol.dispose]();
  const headers = { ...fileHeaders(facts, path), "content-length": String(facts.size) };
  return new Response(null, { status: STATUS_CODE.OK, headers });
}

async function contentAnswer(
  opened: OpenedFile,
  range: ByteRange | undefined,
  { path, transfer, idleMs }: FileCall,
): Promise<Response> {
  const { size, length } = opened;
  const { offset: first = 0 } = resolveRange(range, size);
  if (range !== undefined && (first >= size || length === 0)) {
    await opened.content.cancel();
    transfer[Symbol.dispose]();
    return unsatisfiable(size);
  }
  const headers = {
    ...fileHeaders(opened, path),
    "content-length": String(length),
    ...(range !== undefined && {
      "content-range": `bytes ${first}-${first + length - 1}/${size}`,
    }),
  };
  const status = range === undefined ? STATUS_CODE.OK : STATUS_CODE.PartialContent;
  const content = guardDownload(opened.content, {
    signal: transfer.signal,
    idleMs,
    length,
    onEnd: () => transfer[Symbol.dispose](),
  });
  const body = length <= SMALL_BYTES ? await wholeOf(content, transfer) : content;
  return new Response(body, { status, headers });
}

/** Nothing of it is sent yet, so what goes wrong can still be said. */
async function wholeOf(
  content: ReadableStream<Uint8Array>,
  { signal }: FileTransfer,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await new Response(content).bytes();
  } catch {
    signal.throwIfAborted();
    throw new FileRefusal(
      STATUS_CODE.ServiceUnavailable,
      "interrupted",
      "The file could not be read to its end: it became shorter, or what reads it in the sandbox was " +
        "ended; try again",
      { "retry-after": "1" },
    );
  }
}

function unsatisfiable(size: number): Response {
  const message = `Cannot send the range: the file has ${size} bytes`;
  return errorResponse(STATUS_CODE.RangeNotSatisfiable, "range_not_satisfiable", message, {
    "content-range": `bytes */${size}`,
    "accept-ranges": "bytes",
  });
}

/** The answer to a request whose conditions do not hold. */
export function preconditionFailed(facts: FileFacts | undefined): Response {
  const message = facts === undefined
    ? "The file is not there"
    : "The file is there, in another version than the conditions of the request name";
  const headers: Record<string, string> = facts === undefined
    ? {}
    : { etag: entityTag(facts.version) };
  return errorResponse(
    STATUS_CODE.PreconditionFailed,
    "precondition_failed",
    message,
    headers,
  );
}

function fileHeaders(facts: FileFacts, path: string): Record<string, string> {
  return {
    ...versionHeaders(facts),
    "accept-ranges": "bytes",
    "content-type": contentType(path),
    "content-disposition": asAttachment(path),
    // What untrusted code wrote is never run as a page of this server.
    "content-security-policy": "sandbox",
  };
}

function versionHeaders(facts: FileFacts): Record<string, string> {
  const modified = lastModified(facts);
  return {
    etag: entityTag(facts.version),
    ...(modified !== undefined && { "last-modified": modified }),
    "cache-control": "private, no-cache",
  };
}
