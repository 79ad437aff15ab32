import { STATUS_CODE } from "@std/http/status";
import { CommandError } from "../../errors.ts";
import { entityTag, hasConditions, judgeConditions } from "./conditions.ts";
import type { FileFacts, FileTransfer } from "./file_provider.ts";
import { FileRefusal } from "./file_refusal.ts";
import { type FileCall, preconditionFailed } from "./get_file.ts";
import { checkUploadLength, readUpload } from "./upload.ts";

/** A request to write a file. */
export interface PutCall extends FileCall {
  /** Bytes that the signed URL allows. */
  readonly signedBytes?: number | undefined;
}

/**
 * Answers `PUT`: the file is replaced in one step when all of the body is there. What the conditions of the
 * request hold for is what is replaced: a file that changes meanwhile stays.
 */
export async function putFile(call: PutCall): Promise<Response> {
  const { request, transfer, path } = call;
  if (request.headers.has("content-range")) {
    const message = "Cannot write a part of a file: send all of it, without Content-Range";
    throw new FileRefusal(STATUS_CODE.BadRequest, "partial_put", message);
  }
  checkUploadLength(request, transfer, call);
  const isConditional = hasConditions(request.headers);
  const current = isConditional ? await factsIfThere(transfer, path) : undefined;
  if (isConditional && judgeConditions(request, current) !== "go on") {
    return preconditionFailed(current);
  }
  const expected = isConditional ? current?.version ?? null : undefined;
  const body = readUpload(request, transfer, call);
  const { version, created } = await transfer.store(path, body, { expected });
  const status = created ? STATUS_CODE.Created : STATUS_CODE.NoContent;
  return new Response(null, { status, headers: { etag: entityTag(version) } });
}

/** Answers `DELETE`. */
export async function deleteFile({ request, transfer, path }: FileCall): Promise<Response> {
  if (hasConditions(request.headers)) {
    const current = await factsIfThere(transfer, path);
    if (judgeConditions(request, current) !== "go on") return preconditionFailed(current);
  }
  await transfer.remove(path);
  return new Response(null, { status: STATUS_CODE.NoContent });
}

async function factsIfThere(transfer: FileTransfer, path: string): Promise<FileFacts | undefined> {
  try {
    return await transfer.open(path, { length: 0 });
  } catch (error) {
    if (error instanceof CommandError && error.reason === "ENOENT") return undefined;
    throw error;
  }
}
