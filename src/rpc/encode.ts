import type { RpcId } from "./message.ts";
import type { RpcError } from "./rpc_error.ts";

/** Writes the answer to a request that went well; throws if JSON cannot say the result. */
export function encodeResult(id: RpcId, result: unknown): string {
  const text: string | undefined = JSON.stringify(result === undefined ? null : result);
  if (text === undefined) {
    throw new TypeError(`Cannot encode the result: JSON has no ${typeof result}`);
  }
  return `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${text}}`;
}

/** Writes the answer to a request that failed; data that JSON cannot say is cut to its reason. */
export function encodeError(id: RpcId, error: RpcError): string {
  const { code, message, data } = error;
  const start = `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"error":`;
  try {
    return `${start}${JSON.stringify({ code, message, data })}}`;
  } catch {
    // A cycle or a BigInt in the data must not cost the client its answer.
    return `${start}${JSON.stringify({ code, message, data: { reason: data.reason } })}}`;
  }
}

/** Writes a notification; throws if JSON cannot say the params. */
export function encodeNotification(method: string, params: unknown): string {
  return JSON.stringify({ jsonrpc: "2.0", method, params });
}
