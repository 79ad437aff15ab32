/** One frame as it came over the wire. */
export interface RawFrame {
  opcode: number;
  payload: Uint8Array;
}

/** The numbers of the kinds of frame. */
export const OPCODE = { Continuation: 0, Text: 1, Binary: 2, Close: 8, Ping: 9, Pong: 10 } as const;

/**
 * A WebSocket client by hand, for what a well-behaved one never does: not reading, not answering pings,
 * text that is not UTF-8.
 */
export class RawWebSocket implements Disposable {
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array();

  private constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** Connects and upgrades; throws if the answer is not 101. */
  static async connect(port: number): Promise<RawWebSocket> {
    const socket = new RawWebSocket(await Deno.connect({ hostname: "127.0.0.1", port }));
    await socket.#writeAll(new TextEncoder().encode(
      `GET /ws/jsonrpc HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: Upgrade\r\n` +
        "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n" +
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
    ));
    let head = "";
    while (!head.endsWith("\r\n\r\n")) head += String.fromCharCode((await socket.#take(1))[0]!);
    if (!head.startsWith("HTTP/1.1 101")) throw new Error(`Expected an upgrade, got ${head}`);
    return socket;
  }

  /** Sends a frame. */
  async send(
    opcode: number,
    payload: Uint8Array | string = "",
    isFinal = true,
  ): Promise<void> {
    const bytes = typeof payload === "string" ? new TextEncoder().encode(payload) : payload;
    await this.sendHead(opcode, bytes.length, isFinal);
    await this.#writeAll(bytes);
  }

  /** Sends the head of a frame, which may promise more than ever follows. The mask is all zero. */
  async sendHead(opcode: number, length: number, isFinal = true): Promise<void> {
    const head = new Uint8Array(14);
    head[0] = (isFinal ? 0x80 : 0) | opcode;
    head[1] = 0x80 | 127;
    new DataView(head.buffer).setBigUint64(2, BigInt(length));
    await this.#writeAll(head);
  }

  /** Reads the next frame; undefined at the end of the connection. */
  async receive(): Promise<RawFrame | undefined> {
    try {
      const [first, second] = await this.#take(2) as unknown as [number, number];
      let length = second & 127;
      if (length === 126) length = new DataView((await this.#take(2)).buffer).getUint16(0);
      if (length === 127) {
        length = Number(new DataView((await this.#take(8)).buffer).getBigUint64(0));
      }
      return { opcode: first & 15, payload: await this.#take(length) };
    } catch (error) {
      if (error instanceof Deno.errors.UnexpectedEof) return undefined;
      if (error instanceof Deno.errors.ConnectionReset) return undefined;
      throw error;
    }
  }

  /** Reads to the close frame, which it does not answer, or to the end; returns every frame. */
  async receiveAll(): Promise<RawFrame[]> {
    const frames: RawFrame[] = [];
    for (;;) {
      const frame = await this.receive();
      if (frame === undefined) return frames;
      frames.push(frame);
      if (frame.opcode === OPCODE.Close) return frames;
    }
  }

  /** Drops the connection without a word. */
  [Symbol.dispose](): void {
    this.#connection.close();
  }

  async #take(length: number): Promise<Uint8Array<ArrayBuffer>> {
    const chunk = new Uint8Array(64 * 1024);
    const parts = [this.#buffer];
    let size = this.#buffer.length;
    while (size < length) {
      const read = await this.#connection.read(chunk);
      if (read === null) throw new Deno.errors.UnexpectedEof();
      parts.push(chunk.slice(0, read));
      size += read;
    }
    const all = new Uint8Array(size);
    let offset = 0;
    for (const part of parts) {
      all.set(part, offset);
      offset += part.length;
    }
    this.#buffer = all.slice(length);
    return all.slice(0, length);
  }

  async #writeAll(bytes: Uint8Array): Promise<void> {
    for (let offset = 0; offset < bytes.length;) {
      offset += await this.#connection.write(bytes.subarray(offset));
    }
  }
}

/** The code and reason of a close frame. */
export function closeOf({ payload }: RawFrame): { code: number; reason: string } {
  const code = new DataView(payload.slice().buffer).getUint16(0);
  return { code, reason: new TextDecoder().decode(payload.subarray(2)) };
}
