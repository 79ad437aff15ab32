import { join } from "@std/path";
import type { EngineAddress } from "./engine_address.ts";

/** What a TLS connection to an engine is made with, each as PEM text. */
export interface EngineTls {
  /** Who may vouch for the engine; without it, the system's roots. */
  readonly caCerts?: string[];
  /** Our certificate. */
  readonly cert?: string;
  /** The key of our certificate. */
  readonly key?: string;
}

/** Reads the certificates of an address; an address without TLS needs none. */
export async function readEngineTls(address: EngineAddress): Promise<EngineTls> {
  if (address.transport !== "tls" || address.certPath === undefined) return {};
  const { certPath } = address;
  // One after the other: none is still being read when one is missing.
  const ca = await readPem(certPath, "ca.pem");
  const cert = await readPem(certPath, "cert.pem");
  const key = await readPem(certPath, "key.pem");
  return { caCerts: [ca], cert, key };
}

async function readPem(directory: string, name: string): Promise<string> {
  const path = join(directory, name);
  try {
    return await Deno.readTextFile(path);
  } catch (cause) {
    throw new Error(
      `Cannot read "${path}" of the Docker engine's certificates: expected ca.pem, cert.pem and ` +
        `key.pem in that directory`,
      { cause },
    );
  }
}
