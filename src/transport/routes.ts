import { STATUS_CODE } from "@std/http/status";
import { errorResponse } from "./json_response.ts";

/** What a route knows of a request besides the request itself. */
export interface RouteContext {
  /** Who asks: the id of an API key, or `anonymous`. */
  readonly caller: string;
  /** The subprotocol to answer an upgrade with, if any. */
  readonly protocol?: string | undefined;
  /** What a signed URL allows; the caller is nobody then. */
  readonly signed?: { readonly maxBytes?: number } | undefined;
  /** The address of the client. */
  readonly remote: string;
}

/** One endpoint. */
export interface Route {
  /** The exact path, or with `/*` at its end everything under it. */
  readonly path: string;
  /** The methods it takes; `HEAD` comes with `GET`. */
  readonly methods: readonly string[];
  /** Answers a request. */
  handle(request: Request, context: RouteContext): Response | Promise<Response>;
}

/** Answers with the first route that fits; 404 with a list of them if none does, 405 for a wrong method. */
export async function route(
  routes: readonly Route[],
  request: Request,
  context: RouteContext,
): Promise<Response> {
  const { pathname } = new URL(request.url);
  const found = routes.find(({ path }) => fits(path, pathname));
  if (found === undefined) {
    const known = [...new Set(routes.map(({ path }) => path))].join(", ");
    const message = `Not found; the endpoints are ${known}`;
    return errorResponse(STATUS_CODE.NotFound, "not_found", message);
  }
  const isHead = request.method === "HEAD" && found.methods.includes("GET");
  if (!isHead && !found.methods.includes(request.method)) {
    const allow = [...found.methods, ...(found.methods.includes("GET") ? ["HEAD"] : [])].join(", ");
    const message = `Method ${request.method} is not allowed here; ${found.path} takes ${allow}`;
    return errorResponse(STATUS_CODE.MethodNotAllowed, "method_not_allowed", message, { allow });
  }
  const response = await found.handle(request, context);
  if (!isHead) return response;
  await response.body?.cancel();
  return new Response(null, { status: response.status, headers: response.headers });
}

function fits(path: string, pathname: string): boolean {
  return path.endsWith("/*") ? pathname.startsWith(path.slice(0, -1)) : path === pathname;
}
