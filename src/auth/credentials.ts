/** The subprotocol that the server speaks. */
export const SUBPROTOCOL = "codebeaker.v1";
/** What precedes a key among the subprotocols; the key follows in base64url. */
export const KEY_SUBPROTOCOL_PREFIX = "codebeaker.key.";

/** What a request says of itself in its headers. */
export interface Credentials {
  /** The key, if there is exactly one; the `Authorization` header comes first. */
  readonly key: string | undefined;
  /** Whether a key was offered as a subprotocol, in whatever form. */
  readonly keyAsProtocol: boolean;
  /** The subprotocol to answer with; never one that holds a key. */
  readonly protocol: string | undefined;
}

const MAX_HEADER_LENGTH = 4096;
const KEY_PARAMETERS: ReadonlySet<string> = new Set([
  "accesstoken",
  "apikey",
  "auth",
  "authorization",
  "bearer",
  "key",
  "token",
]);

/** Finds the key in a request's headers. Browsers cannot set `Authorization` on a WebSocket. */
export function readCredentials(headers: Headers): Credentials {
  const upgrade = headers.get("upgrade")?.toLowerCase() === "websocket";
  const offered = upgrade ? splitProtocols(headers.get("sec-websocket-protocol")) : [];
  const keys = offered.filter((protocol) => protocol.startsWith(KEY_SUBPROTOCOL_PREFIX));
  const [encoded] = keys;
  const fromProtocol = encoded !== undefined && keys.length === 1
    ? decodeKey(encoded.slice(KEY_SUBPROTOCOL_PREFIX.length))
    : undefined;
  return {
    key: readBearer(headers.get("authorization")) ?? fromProtocol,
    keyAsProtocol: keys.length > 0,
    protocol: offered.includes(SUBPROTOCOL) ? SUBPROTOCOL : undefined,
  };
}

/** The first parameter of a query that looks like a place for a key, by its name. */
export function findKeyParameter(query: URLSearchParams): string | undefined {
  for (const name of query.keys()) {
    if (KEY_PARAMETERS.has(name.toLowerCase().replace(/[_-]/g, ""))) {
      return name;
    }
  }
  return undefined;
}

/** Writes a key as the subprotocol that carries it. */
export function keySubprotocol(key: string): string {
  const base64 = btoa(String.fromCharCode(...new TextEncoder().encode(key)));
  return KEY_SUBPROTOCOL_PREFIX +
    base64.replaceAll("+", "-").replaceAll("/", "_").replace(/=+$/, "");
}

function readBearer(header: string | null): string | undefined {
  if (header === null || header.length > MAX_HEADER_LENGTH) return undefined;
  return /^Bearer +([^\s,]+) *$/i.exec(header)?.[1];
}

function splitProtocols(header: string | null): string[] {
  if (header === null || header.length > MAX_HEADER_LENGTH) return [];
  return header.split(",").map((protocol) => protocol.trim());
}

function decodeKey(encoded: string): string | undefined {
  if (!/^[A-Za-z0-9_-]+$/.test(encoded)) return undefined;
  try {
    const binary = atob(encoded.replaceAll("-", "+").replaceAll("_", "/"));
    const bytes = Uint8Array.from(binary, (character) => character.charCodeAt(0));
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    // Not base64url of text, so no key.
    return undefined;
  }
}
