import { acceptsEncodings } from "@std/http/negotiation";
import { STATUS_CODE } from "@std/http/status";
import { ArchiveError } from "../../errors.ts";
import { jsonResponse } from "../json_response.ts";
import { guardDownload } from "./download.ts";
import { FileRefusal } from "./file_refusal.ts";
import type { FileCall } from "./get_file.ts";
import { checkUploadLength, readUpload } from "./upload.ts";

const TAR_TYPES = /^application\/(?:x-)?tar$|^application\/octet-stream$/i;
const GZIP_TYPES = /^application\/(?:x-)?(?:gzip|tgz|gtar-compressed)$/i;

/** Answers `GET` and `HEAD` of a directory with a tar archive, which is made as it is sent. */
export async function getArchive(call: FileCall): Promise<Response> {
  const { request, transfer, path, idleMs } = call;
  const isZipped = acceptsEncodings(request, "gzip", "identity") === "gzip" &&
    request.headers.has("accept-encoding");
  const headers = {
    "content-type": "application/x-tar",
    "content-disposition": 'attachment; filename="workspace.tar"',
    "content-security-policy": "sandbox",
    vary: "accept-encoding",
    ...(isZipped && { "content-encoding": "gzip" }),
  };
  const tar = await transfer.pack(path);
  if (request.method === "HEAD") {
    await tar.cancel();
    transfer[Symbol.dispose]();
    return new Response(null, { status: STATUS_CODE.OK, headers });
  }
  const bytes = tar as ReadableStream<Uint8Array<ArrayBuffer>>;
  const body = guardDownload(
    isZipped ? bytes.pipeThrough(new CompressionStream("gzip")) : bytes,
    { signal: transfer.signal, idleMs, onEnd: () => transfer[Symbol.dispose]() },
  );
  return new Response(body, { status: STATUS_CODE.OK, headers });
}

/** Answers `PUT` of a tar archive, which is unpacked as it comes. */
export async function putArchive(call: FileCall): Promise<Response> {
  const { request, transfer, path } = call;
  const isZipped = readEncoding(request.headers);
  checkUploadLength(request, transfer, call);
  const body = readUpload(request, transfer, call);
  const { entries, bytes } = await transfer.unpack(path, isZipped ? gunzip(body) : body);
  return jsonResponse(STATUS_CODE.OK, { path, entries, bytes });
}

/** Whether the archive is compressed; refuses what is none. */
function readEncoding(headers: Headers): boolean {
  const type = (headers.get("content-type") ?? "application/x-tar").replace(/\s*;.*$/s, "").trim();
  const encoding = (headers.get("content-encoding") ?? "identity").trim().toLowerCase();
  const isZippedType = GZIP_TYPES.test(type);
  if ((isZippedType || TAR_TYPES.test(type)) && /^(?:identity|(?:x-)?gzip)$/.test(encoding)) {
    return isZippedType || encoding !== "identity";
  }
  throw new FileRefusal(
    STATUS_CODE.UnsupportedMediaType,
    "unsupported_media_type",
    "Cannot read the body: send a tar archive as Content-Type: application/x-tar, plain or with " +
      "Content-Encoding: gzip",
    { "accept-encoding": "gzip, identity" },
  );
}

async function* gunzip(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const stream = ReadableStream.from(pieces) as ReadableStream<Uint8Array<ArrayBuffer>>;
  try {
    yield* stream.pipeThrough(new DecompressionStream("gzip"));
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    throw new ArchiveError("its gzip data is malformed or cut off", { cause: error });
  }
}
