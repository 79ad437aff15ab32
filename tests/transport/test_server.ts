import { z } from "zod";
import { Dispatcher } from "../../src/rpc/dispatcher.ts";
import type { Peer, RpcMethodTable } from "../../src/rpc/peer.ts";
import type { RequestGuard } from "../../src/transport/request_guard.ts";
import { type RunningServer, type ServerOptions, startServer } from "../../src/transport/server.ts";
import type { TransportLimits } from "../../src/transport/transport_limits.ts";

/** Limits that no test reaches by accident. */
export const LIMITS: TransportLimits = {
  maxMessageBytes: 1024 * 1024,
  maxQueueBytes: 8 * 1024 * 1024,
  maxConnections: 100,
  pingIntervalSeconds: 30,
};

const anything = z.looseObject({});

/** What a test server lets the test see and decide. */
export interface TestServer extends AsyncDisposable {
  server: RunningServer;
  port: number;
  /** Its address with `http:`. */
  url: string;
  /** Its address with `ws:`, and the path. */
  wsUrl: string;
  /** Every peer that called a method, in order. */
  peers: Peer[];
  /** Lets every call of `wait` go on. */
  gate: PromiseWithResolvers<void>;
  /** What the transport reported: its failures and how connections ended. */
  failures: unknown[];
  closed: { code: number; reason: string }[];
}

/** Options of {@linkcode startTestServer}: any of the server's own, limits one by one. */
export interface TestServerOptions extends Partial<Omit<ServerOptions, "limits">> {
  readonly limits?: Partial<TransportLimits>;
  readonly methods?: RpcMethodTable;
}

/** A guard that lets everybody in. */
export const openGuard: RequestGuard = { check: () => ({ ok: true, caller: "anonymous" }) };

/** Starts the real server on a free port of loopback, with a few methods behind the real dispatcher. */
export function startTestServer(options: TestServerOptions = {}): TestServer {
  const { limits = {}, methods = {}, events = {}, ...rest } = options;
  const peers: Peer[] = [];
  const gate = Promise.withResolvers<void>();
  const failures: unknown[] = [];
  const closed: { code: number; reason: string }[] = [];
  const dispatcher = new Dispatcher({
    echo: {
      params: anything,
      handler: (params, { peer }) => {
        peers.push(peer);
        return params;
      },
    },
    wait: { params: anything, handler: () => gate.promise.then(() => "waited") },
    ...methods,
  });
  const server = startServer({
    host: "127.0.0.1",
    port: 0,
    handler: dispatcher,
    guard: openGuard,
    health: {
      live: () => ({ status: "live" }),
      ready: () => Promise.resolve({ ready: true, body: { status: "ready" } }),
      health: () => Promise.resolve({ status: "healthy" }),
    },
    ...rest,
    limits: { ...LIMITS, ...limits },
    events: {
      ...events,
      failed: ({ thrown }) => void failures.push(thrown),
      connectionClosed: ({ code, reason }) => void closed.push({ code, reason }),
    },
  });
  const { port } = server;
  return {
    server,
    port,
    url: `http://127.0.0.1:${port}`,
    wsUrl: `ws://127.0.0.1:${port}/ws/jsonrpc`,
    peers,
    gate,
    failures,
    closed,
    [Symbol.asyncDispose]: () => server.close(0),
  };
}
