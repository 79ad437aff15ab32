import { coversHost, parseHostPattern } from "./host_pattern.ts";
import type { Grants } from "./permissions.ts";

/** Where packages come from. */
export interface NpmRegistry {
  /** An http or https URL; undefined for the one that Deno itself takes. */
  readonly url?: string | undefined;
  /** A file of this machine with certificates of further authorities, in PEM. */
  readonly certificates?: string | undefined;
}

const CANNOT =
  "Cannot install packages: this session may not reach the registry of packages; create " +
  "it with";

/** Why a session may not fetch packages; undefined if it may. */
export function registryRefusal({ net }: Grants, { url }: NpmRegistry): string | undefined {
  if (net === true) return undefined;
  if (url === undefined) return `${CANNOT} "allowNet": true in its permissions`;
  const { host, hostname, port, protocol } = new URL(url);
  const wanted = {
    host: hostname,
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
  const isGranted = net.some((entry) => {
    const pattern = parseHostPattern(entry);
    return typeof pattern !== "string" && coversHost(pattern, wanted);
  });
  if (isGranted) return undefined;
  return `${CANNOT} "allowNet": ["${host}"] or "allowNet": true in its permissions`;
}
