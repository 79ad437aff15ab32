import { STATUS_CODE } from "@std/http/status";
import { CLOSE_CODES } from "./close_codes.ts";
import { errorResponse } from "./json_response.ts";
import type { MessageHandler } from "./message_handler.ts";
import type { Route, RouteContext } from "./routes.ts";
import type { TransportEvents } from "./transport_events.ts";
import type { TransportLimits } from "./transport_limits.ts";
import { WebSocketConnection } from "./websocket_connection.ts";

/** Options of {@linkcode WebSocketEndpoint}. */
export interface WebSocketEndpointOptions {
  readonly handler: MessageHandler;
  readonly limits: TransportLimits;
  readonly events: TransportEvents;
  /** Makes the id of the next peer. */
  readonly nextId: () => string;
  /** Takes what should not have happened. */
  readonly onFailure: (thrown: unknown, doing: string) => void;
}

const PATH = "/ws/jsonrpc";
const CLOSING_REASON = "Server is shutting down";

/** `GET /ws/jsonrpc` and the connections that came in there. */
export class WebSocketEndpoint {
  /** The endpoint as a route. */
  readonly route: Route = {
    path: PATH,
    methods: ["GET"],
    handle: (request, context) => this.#upgrade(request, context),
  };
  readonly #options: WebSocketEndpointOptions;
  readonly #connections = new Set<WebSocketConnection>();

  /** Makes an endpoint without connections. */
  constructor(options: WebSocketEndpointOptions) {
    this.#options = options;
  }

  /** Connections that have not ended on the wire, those that are being closed among them. */
  get size(): number {
    return this.#connections.size;
  }

  /** Says goodbye to every client once its answers have left; resolves when all have been told. */
  async finish(): Promise<void> {
    await Promise.all(
      [...this.#connections].map((each) => each.finish(CLOSE_CODES.GoingAway, CLOSING_REASON)),
    );
  }

  /** Closes every connection at once; resolves when all have ended. */
  async close(): Promise<void> {
    const all = [...this.#connections];
    for (const each of all) each.close(CLOSE_CODES.GoingAway, CLOSING_REASON);
    await Promise.all(all.map(({ closed }) => closed));
  }

  #upgrade(request: Request, context: RouteContext): Response {
    if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
      const message = `${PATH} speaks JSON-RPC 2.0 over WebSocket: connect with a WebSocket ` +
        `client to ws://HOST:PORT${PATH}, or POST to /rpc`;
      const headers = { upgrade: "websocket", connection: "Upgrade" };
      return errorResponse(STATUS_CODE.UpgradeRequired, "upgrade_required", message, headers);
    }
    const { maxConnections, pingIntervalSeconds } = this.#options.limits;
    if (this.size >= maxConnections) {
      const message = `Too many connections, at most ${maxConnections}; try again later`;
      const headers = { "retry-after": "5" };
      return errorResponse(
        STATUS_CODE.ServiceUnavailable,
        "too_many_connections",
        message,
        headers,
      );
    }
    let upgrade: Deno.WebSocketUpgrade;
    try {
      assertHandshake(request.headers);
      // The platform pings after half of this time without a message, and closes after the other half.
      const idleTimeout = pingIntervalSeconds * 2;
      const { protocol } = context;
      upgrade = Deno.upgradeWebSocket(request, { idleTimeout, ...(protocol && { protocol }) });
    } catch {
      // Thrown for a handshake that is not as the standard has it.
      const message = "Cannot upgrade: expected a WebSocket handshake of version 13";
      const headers = { "sec-websocket-version": "13" };
      return errorResponse(STATUS_CODE.BadRequest, "bad_handshake", message, headers);
    }
    this.#add(upgrade.socket, context);
    return upgrade.response;
  }

  #add(socket: WebSocket, { caller, remote }: RouteContext): void {
    const { handler, limits, events, nextId, onFailure } = this.#options;
    const id = nextId();
    const openedAt = performance.now();
    const connection = new WebSocketConnection(socket, {
      id,
      caller,
      handler,
      limits,
      onFailure,
      onClosed: (code, reason) => {
        this.#connections.delete(connection);
        const durationMs = performance.now() - openedAt;
        events.connectionClosed?.({ id, caller, code, reason, durationMs });
      },
    });
    this.#connections.add(connection);
    events.connectionOpened?.({ id, caller, remote });
  }
}

/** Throws for what the platform lets through. */
function assertHandshake(headers: Headers): void {
  const isKey = /^[A-Za-z0-9+/]{22}==$/.test(headers.get("sec-websocket-key") ?? "");
  if (!isKey || headers.get("sec-websocket-version") !== "13") throw new TypeError("No handshake");
}
