import { type EngineAddress, urlHost } from "./engine_address.ts";
import type { EngineTls } from "./engine_tls.ts";

/** Makes what fetch reaches an engine through. */
export function createEngineHttp(address: EngineAddress, tls: EngineTls): Deno.HttpClient {
  // A pooled connection fails the first call after the engine was started again; a new one to a socket
  // on the same machine costs a fifth of a millisecond. The engine speaks HTTP/1.1.
  const options = { poolMaxIdlePerHost: 0, http2: false };
  switch (address.transport) {
    case "unix":
      return Deno.createHttpClient({ ...options, proxy: address });
    case "tcp":
      // Naming the way keeps HTTP_PROXY out of it, as it is for hijacked connections.
      return Deno.createHttpClient({ ...options, proxy: address });
    case "tls": {
      const { caCerts = [], cert, key } = tls;
      const pair = cert !== undefined && key !== undefined ? { cert, key } : {};
      return Deno.createHttpClient({ ...options, caCerts, ...pair });
    }
  }
}

/** What the URL of every call begins with. */
export function engineBaseUrl(address: EngineAddress): string {
  // Any host would do, but names are looked up although the socket is given.
  if (address.transport === "unix") return "http://127.0.0.1";
  const scheme = address.transport === "tls" ? "https" : "http";
  return `${scheme}://${urlHost(address.hostname)}:${address.port}`;
}
