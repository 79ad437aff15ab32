/** Where an engine listens. */
export type EngineAddress =
  | { readonly transport: "unix"; readonly path: string }
  | { readonly transport: "tcp"; readonly hostname: string; readonly port: number }
  | {
    readonly transport: "tls";
    readonly hostname: string;
    readonly port: number;
    /** A directory with `ca.pem`, `cert.pem` and `key.pem`; without it the system's roots decide. */
    readonly certPath?: string;
  };

/** Options of {@linkcode parseEngineAddress}. */
export interface ParseEngineAddressOptions {
  /** What `DOCKER_CERT_PATH` says; with it, `tcp://` means TLS. */
  certPath?: string | undefined;
}

/** Where an engine listens unless something else is said. */
export const DEFAULT_ENGINE_ADDRESS = "unix:///var/run/docker.sock";

const EXPECTED = `expected unix:///path/of/a/socket, tcp://host:port, http://host:port or ` +
  `https://host:port, such as ${DEFAULT_ENGINE_ADDRESS}`;

/** Reads an address as `DOCKER_HOST` has it; empty text is the default. */
export function parseEngineAddress(
  text: string,
  options: ParseEngineAddressOptions = {},
): EngineAddress {
  const { certPath } = options;
  const trimmed = text.trim() || DEFAULT_ENGINE_ADDRESS;
  const [, scheme = "", rest = ""] = /^([a-z]+):\/\/(.*)$/.exec(trimmed) ?? [];
  switch (scheme) {
    case "unix":
      return { transport: "unix", path: unixPath(trimmed, rest) };
    case "tcp":
      return certPath
        ? { transport: "tls", ...hostAndPort(trimmed, rest, 2376), certPath }
        : { transport: "tcp", ...hostAndPort(trimmed, rest, 2375) };
    case "http":
      return { transport: "tcp", ...hostAndPort(trimmed, rest, 80) };
    case "https":
      return {
        transport: "tls",
        ...hostAndPort(trimmed, rest, 443),
        ...(certPath && { certPath }),
      };
    case "ssh":
    case "npipe":
    case "fd":
      throw invalid(trimmed, `${scheme}:// is not supported; ${EXPECTED}`);
    default:
      throw invalid(trimmed, EXPECTED);
  }
}

/** Writes an address the way `DOCKER_HOST` has it. */
export function formatEngineAddress(address: EngineAddress): string {
  if (address.transport === "unix") return `unix://${address.path}`;
  const { transport, port } = address;
  return `${transport === "tls" ? "https" : "tcp"}://${urlHost(address.hostname)}:${port}`;
}

/** A host name as it stands in a URL: IPv6 addresses in brackets. */
export function urlHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}

function unixPath(text: string, rest: string): string {
  if (!rest.startsWith("/") || rest.includes("\0")) {
    throw invalid(text, `the path of the socket is not absolute; ${EXPECTED}`);
  }
  return rest;
}

function hostAndPort(
  text: string,
  rest: string,
  defaultPort: number,
): { hostname: string; port: number } {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9._-]+))(?::(\d{1,5}))?\/?$/.exec(rest);
  const hostname = match?.[1] ?? match?.[2];
  const port = Number(match?.[3] ?? defaultPort);
  if (hostname === undefined || port < 1 || port > 65535) throw invalid(text, EXPECTED);
  return { hostname, port };
}

function invalid(text: string, problem: string): RangeError {
  return new RangeError(`Cannot use "${text}" as the address of a Docker engine: ${problem}`);
}
