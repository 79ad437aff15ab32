import { STATUS_CODE } from "@std/http/status";
import { ERROR_CODES } from "../protocol/errors.ts";
import { encodeError } from "../rpc/encode.ts";
import type { Peer } from "../rpc/peer.ts";
import { RpcError, standardError } from "../rpc/rpc_error.ts";
import { errorResponse, textResponse } from "./json_response.ts";
import type { MessageHandler } from "./message_handler.ts";
import { readBody } from "./read_body.ts";
import type { Route, RouteContext } from "./routes.ts";
import type { TransportLimits } from "./transport_limits.ts";

/** Options of {@linkcode rpcRoute}. */
export interface RpcRouteOptions {
  readonly handler: MessageHandler;
  readonly limits: TransportLimits;
  /** Makes the id of the next peer. */
  readonly nextId: () => string;
}

const DEFAULT_BODY_TIMEOUT_MS = 120_000;

/** `POST /rpc`: one message in, its answer out; notifications of the server go nowhere. */
export function rpcRoute(options: RpcRouteOptions): Route {
  const { maxConnections } = options.limits;
  let underWay = 0;
  return {
    path: "/rpc",
    methods: ["POST"],
    async handle(request, context) {
      if (underWay >= maxConnections) {
        const message = `Too many calls at once, at most ${maxConnections}; try again later`;
        const headers = { "retry-after": "1" };
        return errorResponse(STATUS_CODE.ServiceUnavailable, "too_many_calls", message, headers);
      }
      underWay++;
      try {
        return await call(request, context, options);
      } finally {
        underWay--;
      }
    },
  };
}

async function call(
  request: Request,
  { caller }: RouteContext,
  { handler, limits, nextId }: RpcRouteOptions,
): Promise<Response> {
  if (!isJson(request.headers.get("content-type"))) {
    const message = "Cannot read the body: send it with the header Content-Type: application/json";
    return errorResponse(STATUS_CODE.UnsupportedMediaType, "unsupported_media_type", message);
  }
  const { maxMessageBytes, bodyTimeoutMs = DEFAULT_BODY_TIMEOUT_MS } = limits;
  const body = await readBody(request, { maxBytes: maxMessageBytes, timeoutMs: bodyTimeoutMs });
  if ("refused" in body) return refuse(body.refused, maxMessageBytes);
  const text = decode(body.bytes);
  if (text === undefined) {
    const error = standardError("parse_error", "Body is not valid UTF-8");
    return textResponse(STATUS_CODE.OK, encodeError(null, error));
  }
  const answer = await handler.handle(text, httpPeer(nextId(), caller, request.signal));
  return answer === undefined
    ? new Response(null, { status: STATUS_CODE.NoContent })
    : textResponse(STATUS_CODE.OK, answer);
}

function refuse(why: "too_large" | "timeout" | "aborted", maxMessageBytes: number): Response {
  if (why !== "too_large") {
    return errorResponse(408, "request_timeout", "Body did not arrive in time", {
      connection: "close",
    });
  }
  const message = `Cannot take the body: it is larger than ${maxMessageBytes} bytes`;
  const data = { reason: "too_large", maxMessageBytes };
  const error = new RpcError(ERROR_CODES.TooLarge, message, data);
  return textResponse(STATUS_CODE.ContentTooLarge, encodeError(null, error));
}

function httpPeer(id: string, caller: string, gone: AbortSignal): Peer {
  // A call has nobody to notify: its answer is all it gets.
  return { id, caller, canNotify: false, hasRoom: true, notify: () => {}, gone };
}

function isJson(contentType: string | null): boolean {
  return /^application\/json\s*(;|$)/i.test(contentType ?? "");
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not UTF-8, which is all that a fatal decoder throws for.
    return undefined;
  }
}
