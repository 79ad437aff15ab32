import { STATUS_CODE } from "@std/http/status";
import { errorResponse } from "../json_response.ts";
import type { Route, RouteContext } from "../routes.ts";
import { getArchive, putArchive } from "./archive.ts";
import { parseFileAddress } from "./file_address.ts";
import type { FileProvider } from "./file_provider.ts";
import { refuse } from "./file_refusal.ts";
import { type FileCall, getFile } from "./get_file.ts";
import { deleteFile, putFile } from "./put_file.ts";

/** Options of {@linkcode fileRoute}. */
export interface FileRouteOptions {
  readonly provider: FileProvider;
  /** Transfers at the same time. */
  readonly maxTransfers: number;
  /** Milliseconds that a client may send or take nothing. @default {60_000} */
  readonly idleMs?: number;
}

/** `/sessions/{id}/files/{path}` and `/sessions/{id}/archive`: files of sessions over plain HTTP. */
export function fileRoute({ provider, maxTransfers, idleMs = 60_000 }: FileRouteOptions): Route {
  let underWay = 0;
  return {
    path: "/sessions/*",
    methods: ["GET", "PUT", "DELETE"],
    async handle(request, context) {
      const address = parseFileAddress(new URL(request.url));
      if (address.kind === "unknown") return unknownAddress();
      if (address.kind === "wrong") {
        return errorResponse(STATUS_CODE.BadRequest, "bad_path", address.message);
      }
      const { kind, sessionId, path } = address;
      if (kind === "archive" && request.method === "DELETE") return notAllowed();
      if (underWay >= maxTransfers) return tooMany(maxTransfers);
      const caller = context.signed === undefined ? context.caller : undefined;
      try {
        const use = provider.transfer(sessionId, caller);
        underWay++;
        const transfer = onceEnded(use, () => underWay--);
        const call = { request, transfer, path, idleMs };
        return await answer(kind, call, context);
      } catch (error) {
        return refuse(error);
      }
    },
  };
}

/** What reads ends with the body of its answer, all else with the answer. */
async function answer(
  kind: "file" | "archive",
  call: FileCall,
  { signed }: RouteContext,
): Promise<Response> {
  const { request, transfer } = call;
  const isRead = request.method === "GET" || request.method === "HEAD";
  let isAnswered = false;
  try {
    const answering = isRead
      ? (kind === "file" ? getFile(call) : getArchive(call))
      : kind === "archive"
      ? putArchive(call)
      : request.method === "DELETE"
      ? deleteFile(call)
      : putFile({ ...call, signedBytes: signed?.maxBytes });
    const response = await answering;
    isAnswered = true;
    return response;
  } finally {
    if (!isRead || !isAnswered) transfer[Symbol.dispose]();
  }
}

/** Tells once that a transfer has ended. */
function onceEnded<T extends Disposable>(transfer: T, onEnd: () => void): T {
  let isOver = false;
  const end = transfer[Symbol.dispose].bind(transfer);
  transfer[Symbol.dispose] = () => {
    if (isOver) return;
    isOver = true;
    end();
    onEnd();
  };
  return transfer;
}

function unknownAddress(): Response {
  const message = "Not found; files are at /sessions/{id}/files/{path}, archives at " +
    "/sessions/{id}/archive";
  return errorResponse(STATUS_CODE.NotFound, "not_found", message);
}

function notAllowed(): Response {
  const allow = "GET, PUT, HEAD";
  const message = `Method DELETE is not allowed here; an archive takes ${allow}`;
  return errorResponse(STATUS_CODE.MethodNotAllowed, "method_not_allowed", message, { allow });
}

function tooMany(most: number): Response {
  const message = `Too many files on their way, at most ${most}; try again later`;
  const headers = { "retry-after": "1" };
  return errorResponse(STATUS_CODE.ServiceUnavailable, "too_many_calls", message, headers);
}
