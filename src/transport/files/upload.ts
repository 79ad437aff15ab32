import { STATUS_CODE } from "@std/http/status";
import type { FileTransfer } from "./file_provider.ts";
import { FileRefusal } from "./file_refusal.ts";
import { IdleWatch } from "./idle_watch.ts";

/** Options of {@linkcode readUpload}. */
export interface UploadOptions {
  /** Milliseconds that a client may send nothing. */
  readonly idleMs: number;
  /** Bytes that the signed URL allows. */
  readonly signedBytes?: number | undefined;
}

/** Reads the length that a request states, and refuses one that is too much before any of it came. */
export function checkUploadLength(
  request: Request,
  transfer: FileTransfer,
  options: UploadOptions,
): void {
  const length = request.headers.get("content-length");
  if (length !== null) requireRoom(Number(length), transfer, options);
}

/**
 * The body of a request as it comes, bounded in size and in the time between its pieces. Throws for one
 * that breaks off, and when the session ends.
 */
export async function* readUpload(
  request: Request,
  transfer: FileTransfer,
  options: UploadOptions,
): AsyncGenerator<Uint8Array> {
  const stated = request.headers.get("content-length");
  if (request.body === null) return;
  const { signal } = transfer;
  const reader = request.body.getReader();
  let isLate = false;
  // The read under way then ends as if the body had.
  const stop = () => void reader.cancel().catch(() => {});
  using idle = new IdleWatch(options.idleMs, () => {
    isLate = true;
    stop();
  });
  signal.addEventListener("abort", stop, { once: true });
  let bytes = 0;
  let isComplete = false;
  try {
    for (;;) {
      signal.throwIfAborted();
      idle.touch();
      const { done, value } = await readPiece(reader);
      idle.pause();
      signal.throwIfAborted();
      if (isLate) throw tooSlow(options.idleMs);
      if (done) break;
      bytes += value.length;
      requireRoom(bytes, transfer, options);
      yield value;
    }
    if (stated !== null && bytes < Number(stated)) throw brokenOff();
    isComplete = true;
  } finally {
    signal.removeEventListener("abort", stop);
    if (!isComplete) stop();
  }
}

async function readPiece(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<ReadableStreamReadResult<Uint8Array>> {
  try {
    return await reader.read();
  } catch {
    // The client went away in the middle; nobody is left to tell.
    throw brokenOff();
  }
}

function requireRoom(bytes: number, transfer: FileTransfer, { signedBytes }: UploadOptions): void {
  const { maxBytes, diskBytes } = transfer;
  const most = Math.min(maxBytes, signedBytes ?? Infinity);
  if (bytes > most) {
    const whose = most === signedBytes ? "this URL allows" : "the server takes (maxTransferBytes)";
    throw new FileRefusal(
      STATUS_CODE.ContentTooLarge,
      "too_large",
      `Cannot take the body: it has more than ${most} bytes, which is what ${whose}`,
      CLOSE,
    );
  }
  if (bytes <= diskBytes) return;
  throw new FileRefusal(
    STATUS_CODE.InsufficientStorage,
    "disk_full",
    `Cannot take the body: it has more than the ${diskBytes} bytes that all files of the session ` +
      "may have (diskLimitMB)",
    CLOSE,
  );
}

/** What is left of the body is not read. */
const CLOSE = { connection: "close" };

function tooSlow(idleMs: number): FileRefusal {
  const message = `Body did not go on within ${idleMs} ms; nothing was written`;
  return new FileRefusal(STATUS_CODE.RequestTimeout, "request_timeout", message, CLOSE);
}

function brokenOff(): FileRefusal {
  const message = "Body broke off before its end; nothing was written";
  return new FileRefusal(STATUS_CODE.BadRequest, "incomplete_body", message, CLOSE);
}
