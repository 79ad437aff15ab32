/**
 * Hosts as Deno's `--allow-net` takes them: a name, an IPv4 address or an IPv6 address in brackets,
 * each with an optional port, and `*.` before a name for its subdomains.
 */
export interface HostPattern {
  /** Lower-case name or address, without a trailing dot; IPv6 in its canonical form in brackets. */
  readonly host: string;
  /** The port, or undefined for every port. */
  readonly port: number | undefined;
}

const LABEL = "[a-z0-9_](?:[a-z0-9_-]{0,61}[a-z0-9_])?";
const NAME_REGEXP = new RegExp(`^(?:\\*\\.)?${LABEL}(?:\\.${LABEL})*$`);
const HOST_PORT_REGEXP = /^(\[[0-9a-f:.]+\]|[^:/?#@\s\[\]]+)(?::([0-9]{1,5}))?$/;

/**
 * Reads a host pattern.
 *
 * @returns the pattern, or a sentence that says what is wrong with it
 */
export function parseHostPattern(text: string): HostPattern | string {
  const lower = text.toLowerCase();
  if (lower.includes("://")) return "Expected a host such as api.example.com:443, not a URL";
  if (lower.startsWith("unix:")) return "Unix sockets cannot be granted";
  const match = HOST_PORT_REGEXP.exec(lower);
  const port = match?.[2] === undefined ? undefined : Number(match[2]);
  const host = match?.[1]?.replace(/\.$/, "");
  if (host === undefined || port === 0 || (port ?? 1) > 65_535) {
    return "Expected a host name or address with an optional port, such as api.example.com:443";
  }
  const canonical = canonicalHost(host);
  if (canonical === undefined) {
    return "Expected a host name in ASCII or punycode, an IPv4 address, or an IPv6 address in brackets";
  }
  return { host: canonical, port };
}

/** Writes a pattern as Deno's flag takes it. */
export function formatHostPattern({ host, port }: HostPattern): string {
  return port === undefined ? host : `${host}:${port}`;
}

/** Whether everything that `wanted` names is named by `allowed` too. */
export function coversHost(allowed: HostPattern, wanted: HostPattern): boolean {
  if (allowed.port !== undefined && allowed.port !== wanted.port) return false;
  if (allowed.host === wanted.host) return true;
  return allowed.host.startsWith("*.") && wanted.host.endsWith(allowed.host.slice(1));
}

function canonicalHost(host: string): string | undefined {
  if (host.startsWith("[")) return canonicalByUrl(host);
  if (host.length > 253 || !NAME_REGEXP.test(host)) return undefined;
  if (host.startsWith("*.")) return host;
  // What the URL standard reads as an IPv4 address (127.1, 0x7f.1, 2130706433) is written as one, so
  // that what is checked is what is connected to.
  return canonicalByUrl(host);
}

function canonicalByUrl(host: string): string | undefined {
  return URL.parse(`http://${host}/`)?.hostname || undefined;
}
