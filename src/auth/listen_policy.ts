import { isLoopback, parseHostName } from "./host.ts";

/** What decides where a server may listen. */
export interface ListenRequest {
  /** The address it is to listen on. */
  readonly host: string;
  /** Whether callers need a key. */
  readonly keysRequired: boolean;
  /** Whether its owner accepts that anybody may run code on it. */
  readonly insecure: boolean;
}

/** Whether a server may listen, and what its log should say if so. */
export type ListenDecision =
  | { readonly ok: true; readonly warning?: string }
  | { readonly ok: false; readonly message: string };

/** Without keys a server listens on loopback only, unless its owner insists. */
export function decideListen(request: ListenRequest): ListenDecision {
  const { host, keysRequired, insecure } = request;
  const name = parseHostName(host);
  if (name === undefined) {
    return {
      ok: false,
      message: `Cannot listen on ${JSON.stringify(host)}: expected a host name or IP address`,
    };
  }
  if (keysRequired || isLoopback(name)) return { ok: true };
  if (insecure) {
    return {
      ok: true,
      warning: `Listening on ${name} without API keys: whoever reaches it can run code`,
    };
  }
  return {
    ok: false,
    message:
      `Cannot listen on ${JSON.stringify(host)}: without API keys whoever reaches it could ` +
      "run code; set CODEBEAKER_API_KEYS, name a file of hashed keys with --api-keys-file, listen on " +
      "127.0.0.1, or accept the risk with --insecure",
  };
}
