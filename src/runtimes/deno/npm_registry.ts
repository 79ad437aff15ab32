import { coversHost, parseHostPattern } from "./host_pattern.ts";
import type { Grants } from "./permissions.ts";

/** Where packages come from if the operator does not say. */
export const PUBLIC_REGISTRY = "https://registry.npmjs.org/";

/** Where packages come from. */
export interface NpmRegistry {
  /** An http or https URL. */
  readonly url: string;
  /** A file of this machine with certificates of further authorities, in PEM. */
  readonly certificates?: string | undefined;
}

/** Why a session may not fetch packages; undefined if it may. */
export function registryRefusal({ net }: Grants, { url }: NpmRegistry): string | undefined {
  const { host, hostname, port, protocol } = new URL(url);
  if (net === true) return undefined;
  const wanted = {
    host: hostname,
    port: port === "" ? (protocol === "https:" ? 443 : 80) : Number(port),
  };
  const isGranted = net.some((entry) => {
    const pattern = parseHostPattern(entry);
    return typeof pattern !== "string" && coversHost(pattern, wanted);
  });
  return isGranted
    ? undefined
    : "Cannot install packages: this session may not reach the registry of packages; create it " +
      `with "allowNet": ["${host}"] or "allowNet": true in its permissions`;
}
