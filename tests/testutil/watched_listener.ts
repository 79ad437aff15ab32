/** A listener on loopback that notes who connects, to show that nobody does. */
export class WatchedListener implements AsyncDisposable {
  /** Paths asked for so far. */
  readonly requests: string[] = [];
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  /** Listens on a free port. */
  constructor() {
    this.#server = Deno.serve(
      { hostname: "127.0.0.1", port: 0, onListen() {} },
      (request) => {
        this.requests.push(new URL(request.url).pathname);
        return new Response("reached", {
          headers: { "content-type": "text/plain" },
        });
      },
    );
  }

  /** Its address, with the port. */
  get host(): string {
    return `127.0.0.1:${this.#server.addr.port}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }
}
