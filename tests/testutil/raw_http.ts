import { within } from "./within.ts";

const ANSWER_TIMEOUT_MS = 15_000;
const MAX_HEAD_BYTES = 64 * 1024;

/** An HTTP request written by hand, where fetch would tidy it up. */
export interface RawRequest {
  /** @default {"GET"} */
  method?: string;
  path: string;
  /** All its headers but `Connection`; fetch allows no `Host` of one's own. */
  headers?: Record<string, string>;
}

/** The head of an answer. */
export interface RawResponse {
  status: number;
  headers: Headers;
}

/** Sends a request without a body to the loopback port and returns the head of the answer. */
export async function rawHttp(
  port: number,
  request: RawRequest,
): Promise<RawResponse> {
  const { method = "GET", path, headers = {} } = request;
  using connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const lines = { Host: `127.0.0.1:${port}`, Connection: "close", ...headers };
  const head = Object.entries(lines).map(([name, value]) => `${name}: ${value}\r\n`).join("");
  await connection.write(
    new TextEncoder().encode(`${method} ${path} HTTP/1.1\r\n${head}\r\n`),
  );
  return parseHead(
    await within(readHead(connection), ANSWER_TIMEOUT_MS, "an HTTP answer"),
  );
}

/** The headers of a WebSocket upgrade, with more or others. */
export function upgradeHeaders(
  extra: Record<string, string> = {},
): Record<string, string> {
  return {
    Connection: "Upgrade",
    Upgrade: "websocket",
    "Sec-WebSocket-Version": "13",
    "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ==",
    ...extra,
  };
}

async function readHead(connection: Deno.Conn): Promise<string> {
  const decoder = new TextDecoder();
  const buffer = new Uint8Array(4096);
  let text = "";
  while (!text.includes("\r\n\r\n") && text.length < MAX_HEAD_BYTES) {
    const length = await connection.read(buffer);
    if (length === null) break;
    text += decoder.decode(buffer.subarray(0, length), { stream: true });
  }
  return text;
}

function parseHead(text: string): RawResponse {
  const [first = "", ...lines] = text.split("\r\n\r\n")[0]!.split("\r\n");
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  const headers = new Headers(lines.map((line): [string, string] => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon), line.slice(colon + 1).trim()];
  }));
  return { status, headers };
}
