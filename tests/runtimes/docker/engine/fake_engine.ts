import type { EngineAddress } from "../../../../src/runtimes/docker/engine/engine_address.ts";
import { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { FakeExchange } from "./fake_exchange.ts";

/** Answers the calls of one route. An exchange that it neither answers nor closes stays open: a stall. */
export type FakeHandler = (exchange: FakeExchange) => void | Promise<void>;

/** Handlers by method and path without the version, such as `GET /containers/x/json`. */
export type FakeRoutes = Record<string, FakeHandler>;

/** Options of {@linkcode FakeEngine.start}. */
export interface FakeEngineOptions {
  /** What `/_ping` states; null for no header. @default {"1.41"} */
  apiVersion?: string | null;
  /** Where it listens; without it, a new socket. */
  path?: string;
}

/**
 * An HTTP server on a unix socket, so that the real client runs. It speaks HTTP by hand, in order to do
 * what servers should not: stop in the middle, answer early, take over the connection.
 */
export class FakeEngine implements AsyncDisposable {
  /** Where it listens. */
  readonly address: EngineAddress & { transport: "unix" };
  /** Every request so far, `GET /v1.41/info`. */
  readonly log: string[] = [];
  /** Connections so far. */
  connections = 0;
  readonly #listener: Deno.UnixListener;
  readonly #routes: FakeRoutes;
  readonly #open = new Set<Deno.Conn>();
  readonly #serving = new Set<Promise<void>>();
  readonly #failures: unknown[] = [];
  readonly #accepting: Promise<void>;

  private constructor(listener: Deno.UnixListener, routes: FakeRoutes, path: string) {
    this.address = { transport: "unix", path };
    this.#listener = listener;
    this.#routes = routes;
    this.#accepting = this.#accept();
  }

  /** Starts to listen. */
  static async start(routes: FakeRoutes, options: FakeEngineOptions = {}): Promise<FakeEngine> {
    const { apiVersion = "1.41" } = options;
    const path = options.path ?? await Deno.makeTempFile({ prefix: "cb-", suffix: ".sock" });
    await Deno.remove(path).catch(() => {});
    const listener = Deno.listen({ transport: "unix", path });
    const ping: FakeHandler = (exchange) =>
      exchange.respond(200, "OK", apiVersion === null ? {} : { "Api-Version": apiVersion });
    return new FakeEngine(listener, { "GET /_ping": ping, ...routes }, path);
  }

  /** A client of it. */
  client(): Promise<EngineClient> {
    return EngineClient.open(this.address);
  }

  /** How many connections have not been closed by either side. */
  get openConnections(): number {
    return this.#open.size;
  }

  /** Ends every connection, as an engine does that is killed. */
  drop(): void {
    for (const conn of this.#open) conn.close();
    this.#open.clear();
  }

  /** Stops; rethrows what a handler threw, such as an assertion. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#listener.close();
    this.drop();
    await Promise.all([this.#accepting, ...this.#serving]);
    await Deno.remove(this.address.path).catch(() => {});
    if (this.#failures.length > 0) throw this.#failures[0];
  }

  async #accept(): Promise<void> {
    try {
      for await (const conn of this.#listener) {
        this.connections++;
        this.#open.add(conn);
        const serving: Promise<void> = this.#serve(conn).finally(() => {
          if (this.#open.delete(conn)) conn.close();
          this.#serving.delete(serving);
        });
        this.#serving.add(serving);
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.BadResource)) throw error;
    }
  }

  async #serve(conn: Deno.Conn): Promise<void> {
    while (true) {
      const exchange = await FakeExchange.receive(conn);
      if (exchange === undefined) return;
      this.log.push(`${exchange.method} ${exchange.target}`);
      const handler = this.#routes[`${exchange.method} ${exchange.path}`] ?? notFound;
      try {
        await handler(exchange);
      } catch (error) {
        // What goes wrong with a connection is often what the test is about.
        if (!isConnectionError(error)) this.#failures.push(error);
        return;
      }
      if (exchange.closed) return;
    }
  }
}

function notFound(exchange: FakeExchange): Promise<void> {
  return exchange.json(404, { message: "page not found" });
}

function isConnectionError(error: unknown): boolean {
  return [
    Deno.errors.BadResource,
    Deno.errors.BrokenPipe,
    Deno.errors.ConnectionReset,
    Deno.errors.Interrupted,
  ].some((type) => error instanceof type);
}
