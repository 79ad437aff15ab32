import { type HostAddress, parseHost } from "./host.ts";

/** Options of {@linkcode OriginPolicy}. */
export interface OriginPolicyOptions {
  /** Origins of pages that may connect besides the server's own. @default {[]} */
  readonly allowedOrigins?: readonly string[];
}

/**
 * Which web pages may make requests: those that the requested host itself served, and those of configured
 * origins. A request without an `Origin` is not from a page and is allowed.
 */
export class OriginPolicy {
  readonly #origins: ReadonlySet<string>;

  /** Throws a TypeError for a configured origin that is none. */
  constructor(options: OriginPolicyOptions = {}) {
    const { allowedOrigins = [] } = options;
    this.#origins = new Set(allowedOrigins.map((text) => {
      const origin = parseOrigin(text);
      if (origin !== undefined) return formatOrigin(origin);
      throw new TypeError(
        `Cannot allow origin ${
          JSON.stringify(text)
        }: expected one such as https://app.example.com, without a path`,
      );
    }));
  }

  /** Whether a request with this `Origin` header, made to this host, may be served. */
  allows(header: string | null, hostHeader: string): boolean {
    if (header === null) return true;
    const origin = parseOrigin(header);
    if (origin === undefined) return false;
    if (this.#origins.has(formatOrigin(origin))) return true;
    if (origin.scheme !== "http" && origin.scheme !== "https") return false;
    // A proxy may have ended TLS, so the scheme that counts for the default port is the page's.
    const host = parseHost(hostHeader, origin.scheme);
    return host !== undefined && host.name === origin.host.name &&
      host.port === origin.host.port;
  }
}

interface Origin {
  readonly scheme: string;
  readonly host: HostAddress;
}

function parseOrigin(text: string): Origin | undefined {
  const match = /^([a-z][a-z0-9+.-]{0,30}):\/\/(.+)$/i.exec(text);
  if (match === null) return undefined;
  const scheme = (match[1] ?? "").toLowerCase();
  const host = parseHost(match[2] ?? "", scheme === "https" ? "https" : "http");
  return host === undefined ? undefined : { scheme, host };
}

function formatOrigin({ scheme, host }: Origin): string {
  return `${scheme}://${host.name}:${host.port}`;
}
