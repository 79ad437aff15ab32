const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** One request to a fake engine, and the means to answer it. */
export class FakeExchange {
  readonly conn: Deno.Conn;
  readonly method: string;
  /** Path and query as they were sent. */
  readonly target: string;
  /** The path without the version. */
  readonly path: string;
  readonly query: URLSearchParams;
  readonly headers: Headers;
  /** Whether the connection takes no other request. */
  closed = false;
  #rest: Uint8Array;

  private constructor(conn: Deno.Conn, head: string, rest: Uint8Array) {
    const [requestLine = "", ...lines] = head.split("\r\n");
    const [method = "", target = ""] = requestLine.split(" ");
    const url = new URL(target, "http://localhost");
    this.conn = conn;
    this.method = method;
    this.target = url.pathname + url.search;
    this.path = url.pathname.replace(/^\/v1\.\d+/, "");
    this.query = url.searchParams;
    this.headers = new Headers(
      lines.filter((line) => line !== "").map((line) => line.split(/:\s*(.*)/s, 2)) as [
        string,
        string,
      ][],
    );
    this.#rest = rest;
  }

  /** Waits for a request; undefined if the connection ends. */
  static async receive(conn: Deno.Conn): Promise<FakeExchange | undefined> {
    let bytes = new Uint8Array(0);
    while (true) {
      const end = decoder.decode(bytes).indexOf("\r\n\r\n");
      if (end >= 0) {
        return new FakeExchange(conn, decoder.decode(bytes).slice(0, end), bytes.slice(end + 4));
      }
      const more = await read(conn);
      if (more === null) return undefined;
      bytes = concat(bytes, more);
    }
  }

  /** The body as it comes. */
  async *body(): AsyncGenerator<Uint8Array> {
    if (this.headers.get("transfer-encoding") === "chunked") yield* this.#chunks();
    else if (this.headers.has("content-length")) {
      yield await this.#take(Number(this.headers.get("content-length")));
    }
  }

  /** All of the body. */
  async bytes(): Promise<Uint8Array> {
    let bytes: Uint8Array = new Uint8Array(0);
    for await (const chunk of this.body()) bytes = concat(bytes, chunk);
    return bytes;
  }

  /** The body as JSON. */
  async value(): Promise<unknown> {
    return JSON.parse(decoder.decode(await this.bytes()));
  }

  /** Answers with a value. */
  json(status: number, value: unknown): Promise<void> {
    return this.respond(status, JSON.stringify(value), { "Content-Type": "application/json" });
  }

  /** Answers with a text. */
  async respond(
    status: number,
    body: string | Uint8Array = "",
    headers: Record<string, string> = {},
  ): Promise<void> {
    const bytes = typeof body === "string" ? encoder.encode(body) : body;
    const hasBody = status !== 204 && status !== 304 && this.method !== "HEAD";
    await this.head(
      status,
      hasBody ? { ...headers, "Content-Length": `${bytes.length}` } : headers,
    );
    if (hasBody) await this.write(bytes);
  }

  /** Begins an answer. */
  async head(status: number, headers: Record<string, string> = {}): Promise<void> {
    const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
    await this.write(`HTTP/1.1 ${status} Whatever\r\n${lines.join("")}\r\n`);
  }

  /** Begins an answer in chunks. */
  async startChunks(headers: Record<string, string> = {}): Promise<void> {
    await this.head(200, { ...headers, "Transfer-Encoding": "chunked" });
  }

  /** Sends a chunk; an empty one is the last. */
  async chunk(data: string | Uint8Array): Promise<void> {
    const bytes = typeof data === "string" ? encoder.encode(data) : data;
    const head = encoder.encode(`${bytes.length.toString(16)}\r\n`);
    await this.write(concat(concat(head, bytes), encoder.encode("\r\n")));
  }

  /** Writes as it is. */
  async write(data: string | Uint8Array): Promise<void> {
    let rest = typeof data === "string" ? encoder.encode(data) : data;
    while (rest.length > 0) rest = rest.subarray(await this.conn.write(rest));
  }

  /** Reads as it is; null at the end. */
  async read(): Promise<Uint8Array | null> {
    const rest = this.#rest;
    this.#rest = new Uint8Array(0);
    return rest.length > 0 ? rest : await read(this.conn);
  }

  /** Ends the connection once the handler is done. */
  close(): void {
    this.closed = true;
  }

  /** Waits until the client ends the connection. */
  async closedByClient(): Promise<void> {
    this.closed = true;
    while (await this.read() !== null);
  }

  async *#chunks(): AsyncGenerator<Uint8Array> {
    while (true) {
      const size = parseInt(await this.#line(), 16);
      const chunk = await this.#take(size);
      await this.#line();
      if (size === 0) return;
      yield chunk;
    }
  }

  async #line(): Promise<string> {
    while (!this.#rest.includes(10)) await this.#more();
    const line = await this.#take(this.#rest.indexOf(10) + 1);
    return decoder.decode(line).trim();
  }

  async #take(length: number): Promise<Uint8Array> {
    while (this.#rest.length < length) await this.#more();
    const taken = this.#rest.subarray(0, length);
    this.#rest = this.#rest.subarray(length);
    return taken;
  }

  async #more(): Promise<void> {
    const more = await read(this.conn);
    if (more === null) throw new Deno.errors.ConnectionReset("the client went away");
    this.#rest = concat(this.#rest, more);
  }
}

async function read(conn: Deno.Conn): Promise<Uint8Array | null> {
  const buffer = new Uint8Array(64 * 1024);
  try {
    const count = await conn.read(buffer);
    return count === null ? null : buffer.subarray(0, count);
  } catch {
    // Closed from this side, or reset by the client: over in any case.
    return null;
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
