/** A host and port in the one form in which hosts are compared. */
export interface HostAddress {
  /** Lower case, IDNA in ASCII, IPv6 in brackets and shortest form, without a dot at the end. */
  readonly name: string;
  /** The port written; empty for the default one of the scheme. */
  readonly port: string;
}

/** Longer than any DNS name with a port. */
const MAX_LENGTH = 300;

/**
 * Reads what stands in a `Host` header or after the `//` of an origin. This is the only place that takes
 * host text apart, so that no two checks ever read the same text in two ways. Undefined for anything that
 * is not just a host with an optional port.
 */
export function parseHost(
  text: string,
  scheme: "http" | "https" = "http",
): HostAddress | undefined {
  // The URL parser would cut these off or decode them instead of failing.
  if (text === "" || text.length > MAX_LENGTH || /[^!-~]|[/\\?#@%*,]/.test(text)) return undefined;
  // It would also take `host:` as a host without a port.
  if (text.endsWith(":")) return undefined;
  const url = URL.parse(`${scheme}://${text}`);
  if (url === null || url.pathname !== "/" || url.username !== "") {
    return undefined;
  }
  const name = url.hostname.endsWith(".") ? url.hostname.slice(0, -1) : url.hostname;
  return name === "" || name.endsWith(".") ? undefined : { name, port: url.port };
}

/** Reads a configured host: as {@linkcode parseHost}, but also IPv6 without brackets, and no port. */
export function parseHostName(text: string): string | undefined {
  const bare = /^[0-9a-f:.]*:[0-9a-f:.]*:[0-9a-f:.]*$/i.test(text);
  const host = parseHost(bare ? `[${text}]` : text);
  if (host === undefined || (!bare && /:\d+$/.test(text))) return undefined;
  return host.name;
}

/** Whether a name of {@linkcode parseHost} is this machine's own, whatever a name server says. */
export function isLoopback(name: string): boolean {
  return name === "localhost" || name === "[::1]" ||
    /^127(?:\.\d{1,3}){3}$/.test(name);
}

/** Whether a name of {@linkcode parseHost} is an IP address. */
export function isIpAddress(name: string): boolean {
  return name.startsWith("[") || /^\d{1,3}(?:\.\d{1,3}){3}$/.test(name);
}

/** Options of {@linkcode HostPolicy}. */
export interface HostPolicyOptions {
  /** The address that the server listens on. */
  readonly host: string;
  /** Further names it is reached by, without ports. @default {[]} */
  readonly allowedHosts?: readonly string[];
}

/**
 * Which `Host` a request may name: a loopback one, the one listened on, or a configured one, on any port.
 * A web page that had its own name resolve to this server names that name, and is refused.
 */
export class HostPolicy {
  readonly #names: ReadonlySet<string>;
  readonly #anyAddress: boolean;

  /** Throws a TypeError for a configured host that is none. */
  constructor(options: HostPolicyOptions) {
    const { host, allowedHosts = [] } = options;
    const names = [host, ...allowedHosts].map((text) => {
      const name = parseHostName(text);
      if (name !== undefined) return name;
      throw new TypeError(
        `Cannot allow host ${JSON.stringify(text)}: expected a name or IP address without a port`,
      );
    });
    this.#names = new Set(names);
    // Listening everywhere, the server is reached by addresses it cannot list. An address in the Host
    // header was in the URL, so no name was resolved and none can have been rebound.
    this.#anyAddress = names[0] === "0.0.0.0" || names[0] === "[::]";
  }

  /** Whether a request to this host may be served. */
  allows({ name }: HostAddress): boolean {
    return isLoopback(name) || this.#names.has(name) ||
      (this.#anyAddress && isIpAddress(name));
  }
}
