import { connectEngine, type EngineConn } from "./connect_engine.ts";
import type { EngineAddress } from "./engine_address.ts";
import { EngineError, refusal } from "./engine_error.ts";
import type { EngineTls } from "./engine_tls.ts";
import { readErrorBody } from "./error_body.ts";
import { HijackedConnection } from "./hijacked_connection.ts";
import { findHeadEnd, parseResponseHead, type ResponseHead } from "./response_head.ts";

const MAX_HEAD_BYTES = 64 * 1024;

/** A call that takes over its connection. */
export interface HijackRequest {
  /** What is being done, as it stands in "Cannot …". */
  readonly action: string;
  readonly method: string;
  /** Path and query, with the version. */
  readonly target: string;
  /** A value that is sent as JSON. */
  readonly json?: unknown;
  /** Ends the making of the connection, not the connection once it is made. */
  readonly signal: AbortSignal;
}

/** Makes a call on a connection of its own, which fetch cannot hand over. */
export async function hijack(
  address: EngineAddress,
  tls: EngineTls,
  request: HijackRequest,
): Promise<HijackedConnection> {
  const { action, signal } = request;
  const conn = await connectEngine(address, tls, signal);
  // Closing is the one way to end a read or a write that is under way.
  let open = true;
  const close = () => {
    if (open) conn.close();
    open = false;
  };
  signal.addEventListener("abort", close);
  try {
    await writeAll(conn, formatRequest(request));
    const { head, rest } = await readHead(conn, action);
    if (head.status !== 101 && head.status !== 200) {
      throw refusal(action, head.status, await readErrorBody(conn, head, rest));
    }
    signal.throwIfAborted();
    const contentType = head.headers.get("content-type") ?? undefined;
    return new HijackedConnection(conn, { address, action, contentType, rest });
  } catch (error) {
    close();
    throw signal.aborted ? signal.reason : error;
  } finally {
    signal.removeEventListener("abort", close);
  }
}

function formatRequest({ method, target, json }: HijackRequest): Uint8Array {
  const body = new TextEncoder().encode(json === undefined ? "" : JSON.stringify(json));
  const head = new TextEncoder().encode(
    `${method} ${target} HTTP/1.1\r\nHost: docker\r\nConnection: Upgrade\r\nUpgrade: tcp\r\n` +
      `Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`,
  );
  const request = new Uint8Array(head.length + body.length);
  request.set(head);
  request.set(body, head.length);
  return request;
}

async function writeAll(conn: EngineConn, bytes: Uint8Array): Promise<void> {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(await conn.write(rest));
}

async function readHead(
  conn: EngineConn,
  action: string,
): Promise<{ head: ResponseHead; rest: Uint8Array<ArrayBuffer> }> {
  const buffer = new Uint8Array(MAX_HEAD_BYTES);
  for (let length = 0; length < buffer.length;) {
    const count = await conn.read(buffer.subarray(length));
    if (count === null) throw new Error("the connection was closed before an answer");
    const end = findHeadEnd(buffer.subarray(0, length + count), length);
    length += count;
    if (end < 0) continue;
    const head = parse(buffer.subarray(0, end), action);
    return { head, rest: buffer.slice(end, length) };
  }
  const detail = `the head of the Docker engine's answer is longer than ${MAX_HEAD_BYTES} bytes`;
  throw new EngineError("protocol", action, detail);
}

function parse(bytes: Uint8Array, action: string): ResponseHead {
  try {
    return parseResponseHead(bytes);
  } catch (cause) {
    throw new EngineError("protocol", action, (cause as Error).message, { cause });
  }
}
