import { STATUS_CODE } from "@std/http/status";
import { type HealthProvider, healthRoutes } from "./health_routes.ts";
import { errorResponse, jsonResponse, secure } from "./json_response.ts";
import type { MessageHandler } from "./message_handler.ts";
import { METRICS_PATH } from "./metrics_route.ts";
import type { RequestGuard } from "./request_guard.ts";
import { type Route, route } from "./routes.ts";
import { rpcRoute } from "./rpc_route.ts";
import { settledWithin } from "./settled_within.ts";
import type { TransportEvents } from "./transport_events.ts";
import type { TransportLimits } from "./transport_limits.ts";
import { WebSocketEndpoint } from "./websocket_endpoint.ts";

/** Options of {@linkcode startServer}. */
export interface ServerOptions {
  /** Address to listen on. */
  readonly host: string;
  /** Port to listen on; 0 takes any free one. */
  readonly port: number;
  readonly handler: MessageHandler;
  readonly guard: RequestGuard;
  readonly health: HealthProvider;
  readonly limits: TransportLimits;
  /** What the log and the metrics are told. @default {{}} */
  readonly events?: TransportEvents;
  /** Further endpoints, asked after the built-in ones. @default {[]} */
  readonly routes?: readonly Route[];
}

/** A server that listens. Disposing closes it with the default grace. */
export interface RunningServer extends AsyncDisposable {
  /** The address it listens on. */
  readonly hostname: string;
  /** The port it listens on. */
  readonly port: number;
  /** WebSocket connections that have not ended. */
  readonly connections: number;
  /** Refuses new connections and calls from now on, but not probes; open connections go on. */
  stopAccepting(): void;
  /**
   * Stops accepting, closes each WebSocket with 1001 once its requests are answered and the answers have
   * left, answers the HTTP calls under way, and ends what is left after the grace time and at most one
   * second more.
   * @default {5000}
   */
  close(graceMs?: number): Promise<void>;
}

const DEFAULT_GRACE_MS = 5000;
/** What clients may take to answer a close frame. */
const LAST_WAIT_MS = 1000;

/** Starts to listen. Throws if the address cannot be had. */
export function startServer(options: ServerOptions): RunningServer {
  return new Server(options);
}

class Server implements RunningServer {
  readonly hostname: string;
  readonly port: number;
  readonly #options: ServerOptions;
  readonly #events: TransportEvents;
  readonly #endpoint: WebSocketEndpoint;
  readonly #routes: readonly Route[];
  readonly #abort = new AbortController();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;
  /** HTTP calls that are not delivered; upgrades are the endpoint's. */
  readonly #calls = new Set<Promise<void>>();
  #lastPeer = 0;
  #isStopping = false;
  #closed: Promise<void> | undefined;

  constructor(options: ServerOptions) {
    const { host, port, handler, limits, events = {}, health, routes = [] } = options;
    this.#options = options;
    this.#events = events;
    const nextId = () => `c${++this.#lastPeer}`;
    const onFailure = (thrown: unknown, doing: string) => void this.#fail(thrown, doing);
    this.#endpoint = new WebSocketEndpoint({ handler, limits, events, nextId, onFailure });
    this.#routes = [
      this.#endpoint.route,
      rpcRoute({ handler, limits, nextId }),
      ...healthRoutes(health),
      ...routes,
    ];
    this.#server = this.#listen(host, port);
    ({ hostname: this.hostname, port: this.port } = this.#server.addr);
  }

  get connections(): number {
    return this.#endpoint.size;
  }

  stopAccepting(): void {
    this.#isStopping = true;
  }

  close(graceMs: number = DEFAULT_GRACE_MS): Promise<void> {
    return this.#closed ??= this.#close(graceMs);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  #listen(hostname: string, port: number): Deno.HttpServer<Deno.NetAddr> {
    try {
      return Deno.serve({
        hostname,
        port,
        signal: this.#abort.signal,
        onListen: () => {},
        onError: (error) => this.#internalError(error, "answer a request"),
      }, (request, info) => this.#serve(request, info));
    } catch (error) {
      const cause = error instanceof Error ? error : new Error(String(error));
      const why = error instanceof Deno.errors.AddrInUse
        ? "the address is in use; end what uses it or choose another port"
        : cause.message;
      throw new Error(`Cannot listen on "${hostname}:${port}": ${why}`, { cause });
    }
  }

  async #close(graceMs: number): Promise<void> {
    this.stopAccepting();
    await settledWithin(Promise.all([this.#endpoint.finish(), ...this.#calls]), graceMs);
    await settledWithin(this.#endpoint.close(), LAST_WAIT_MS);
    // The platform's own way to shut down would wait for whatever is left, without end.
    this.#abort.abort();
    await this.#server.finished;
  }

  async #serve(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    const startedAt = performance.now();
    const { method } = request;
    const delivered = info.completed.catch(() => {}).finally(() => this.#calls.delete(delivered));
    this.#calls.add(delivered);
    const response = await this.#answer(request, info)
      .catch((error) => this.#internalError(error, `answer ${method}`));
    this.#events.requestAnswered?.({
      method,
      path: URL.parse(request.url)?.pathname ?? "",
      status: response.status,
      durationMs: performance.now() - startedAt,
    });
    if (response.status !== STATUS_CODE.SwitchingProtocols) return secure(response);
    this.#calls.delete(delivered);
    return response;
  }

  async #answer(request: Request, info: Deno.ServeHandlerInfo<Deno.NetAddr>): Promise<Response> {
    if (!URL.canParse(request.url)) {
      return errorResponse(STATUS_CODE.BadRequest, "bad_request", "Expected a path as the target");
    }
    const verdict = await this.#options.guard.check(request, info);
    if (!verdict.ok) return jsonResponse(verdict.status, verdict.body, verdict.headers);
    if (this.#isStopping && !isForWatchers(new URL(request.url).pathname)) {
      const headers = { connection: "close", "retry-after": "5" };
      const message = "Server is shutting down";
      return errorResponse(STATUS_CODE.ServiceUnavailable, "shutting_down", message, headers);
    }
    const { hostname, port } = info.remoteAddr;
    const { caller, protocol, signed } = verdict;
    const remote = `${hostname}:${port}`;
    return await route(this.#routes, request, { caller, protocol, signed, remote });
  }

  #internalError(thrown: unknown, doing: string): Response {
    const reference = this.#fail(thrown, doing);
    const message = `Internal error; see the server's log for reference ${reference}`;
    return errorResponse(STATUS_CODE.InternalServerError, "internal_error", message);
  }

  #fail(thrown: unknown, doing: string): string {
    const reference = crypto.randomUUID();
    this.#events.failed?.({ reference, thrown, doing });
    return reference;
  }
}

/** Whoever watches the server wants to see it end as well. */
function isForWatchers(pathname: string): boolean {
  return pathname.startsWith("/health") || pathname === METRICS_PATH;
}
