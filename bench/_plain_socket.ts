import type { ClientSocket } from "./_client.ts";

const TEXT = 1;
const CLOSE = 8;
const PING = 9;
const PONG = 10;
/** The code of a connection that ended without one. */
const ABNORMAL = 1006;
const FINAL = 0x80;
const MASKED = 0x80;
const MAX_MESSAGE_BYTES = 64 * 1024 * 1024;
const MAX_HEAD_BYTES = 16 * 1024;

/**
 * A WebSocket as small as can be that sends at once. Deno's own leaves Nagle's algorithm on: its messages of
 * 1 to 64 KB wait about 40 ms for an acknowledgement, which is nothing that a server could help.
 */
export class PlainSocket implements ClientSocket {
  readonly #conn: Deno.TcpConn;
  #buffer = new Uint8Array(64 * 1024);
  #length = 0;
  /** Writes can be partial: without an order, those of two messages would mix. */
  #writing: Promise<void> = Promise.resolve();
  #closed = false;

  private constructor(conn: Deno.TcpConn) {
    this.#conn = conn;
  }

  /** Connects to a `ws:` address. */
  static async connect(url: string): Promise<PlainSocket> {
    const { hostname, port, pathname } = new URL(url);
    const conn = await Deno.connect({ hostname, port: Number(port) });
    try {
      conn.setNoDelay(true);
      const socket = new PlainSocket(conn);
      await socket.#open(`${hostname}:${port}`, pathname);
      return socket;
    } catch (error) {
      conn.close();
      throw error;
    }
  }

  /** See {@linkcode ClientSocket}. */
  listen(onText: (text: string) => void, onClose: (code: number) => void): void {
    // What goes wrong from now on is a connection that closes.
    this.#read(onText).catch(() => {}).finally(() => {
      if (this.#closed) return;
      this.close();
      onClose(ABNORMAL);
    });
  }

  /** Sends a text. */
  send(text: string): void {
    this.#writeFrame(TEXT, new TextEncoder().encode(text));
  }

  /** Closes the connection. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#conn.close();
  }

  async #open(host: string, path: string): Promise<void> {
    const key = crypto.getRandomValues(new Uint8Array(16)).toBase64();
    await this.#write(new TextEncoder().encode(
      `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
        `Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: ${key}\r\n\r\n`,
    ));
    while (true) {
      const head = new TextDecoder().decode(this.#buffer.subarray(0, this.#length));
      const end = head.indexOf("\r\n\r\n");
      if (end !== -1) {
        if (!head.startsWith("HTTP/1.1 101 ")) {
          throw new Error(`Cannot connect to ${host}: it answered "${head.split("\r\n")[0]}"`);
        }
        return this.#consume(end + 4);
      }
      if (this.#length > MAX_HEAD_BYTES || !await this.#fill()) {
        throw new Error(`Cannot connect to ${host}: expected the head of an answer`);
      }
    }
  }

  async #read(onText: (text: string) => void): Promise<void> {
    while (true) {
      const header = await this.#readHeader();
      if (header === undefined) return;
      const { opcode, start, length } = header;
      if (!await this.#need(start + length)) return;
      const payload = this.#buffer.subarray(start, start + length);
      if (opcode === TEXT) {
        const data = new TextDecoder().decode(payload);
        this.#consume(start + length);
        onText(data);
        continue;
      }
      if (opcode === CLOSE) return;
      if (opcode === PING) this.#writeFrame(PONG, payload.slice());
      this.#consume(start + length);
    }
  }

  /** Reads what a frame begins with; undefined at the end of the connection. */
  async #readHeader() {
    if (!await this.#need(2)) return undefined;
    const [first = 0, second = 0] = this.#buffer;
    if ((first & FINAL) === 0 || (second & MASKED) !== 0) {
      throw new Error("Cannot read a message: expected a whole one without a mask");
    }
    const short = second & 0x7f;
    const start = short === 127 ? 10 : short === 126 ? 4 : 2;
    if (!await this.#need(start)) return undefined;
    const view = new DataView(this.#buffer.buffer);
    const length = short === 127
      ? Number(view.getBigUint64(2))
      : short === 126
      ? view.getUint16(2)
      : short;
    if (length > MAX_MESSAGE_BYTES) {
      throw new Error(`Cannot read a message of ${length} bytes: at most ${MAX_MESSAGE_BYTES}`);
    }
    return { opcode: first & 0x0f, start, length };
  }

  /** Reads until so many bytes are there; false if the connection ends before. */
  async #need(bytes: number): Promise<boolean> {
    while (this.#length < bytes) {
      if (bytes > this.#buffer.length) this.#grow(bytes);
      if (!await this.#fill()) return false;
    }
    return true;
  }

  async #fill(): Promise<boolean> {
    const count = await this.#conn.read(this.#buffer.subarray(this.#length));
    this.#length += count ?? 0;
    return count !== null;
  }

  #grow(bytes: number): void {
    const larger = new Uint8Array(2 * bytes);
    larger.set(this.#buffer.subarray(0, this.#length));
    this.#buffer = larger;
  }

  #consume(bytes: number): void {
    this.#buffer.copyWithin(0, bytes, this.#length);
    this.#length -= bytes;
  }

  #writeFrame(opcode: number, payload: Uint8Array): void {
    const { length } = payload;
    const size = length > 0xffff ? 10 : length > 125 ? 4 : 2;
    // The mask is four zeroes, which leaves the payload as it is.
    const frame = new Uint8Array(size + 4 + length);
    const view = new DataView(frame.buffer);
    frame[0] = FINAL | opcode;
    frame[1] = MASKED | (size === 10 ? 127 : size === 4 ? 126 : length);
    if (size === 4) view.setUint16(2, length);
    if (size === 10) view.setBigUint64(2, BigInt(length));
    frame.set(payload, size + 4);
    // A connection that cannot be written to is at its end for the reading too.
    this.#writing = this.#writing.then(() => this.#write(frame)).catch(() => {});
  }

  async #write(bytes: Uint8Array): Promise<void> {
    for (let at = 0; at < bytes.length;) at += await this.#conn.write(bytes.subarray(at));
  }
}
