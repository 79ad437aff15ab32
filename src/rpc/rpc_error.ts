import { ERROR_CODES, type ErrorCode } from "../protocol/errors.ts";

/** What an error tells programs: at least a stable snake_case word. */
export interface RpcErrorData extends Readonly<Record<string, unknown>> {
  readonly reason: string;
}

/** An error as it crosses the wire. */
export class RpcError extends Error {
  override readonly name = "RpcError";
  /** The number of the error. */
  readonly code: ErrorCode;
  /** Facts for programs. */
  readonly data: RpcErrorData;

  /** Makes it with everything the client will see. */
  constructor(code: ErrorCode, message: string, data: RpcErrorData, options: ErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.data = data;
  }
}

const STANDARD = {
  parse_error: [ERROR_CODES.ParseError, "Parse error"],
  invalid_request: [ERROR_CODES.InvalidRequest, "Invalid Request"],
  method_not_found: [ERROR_CODES.MethodNotFound, "Method not found"],
  invalid_params: [ERROR_CODES.InvalidParams, "Invalid params"],
  internal_error: [ERROR_CODES.InternalError, "Internal error"],
} as const satisfies Record<string, readonly [ErrorCode, string]>;

/** The `reason` of JSON-RPC 2.0's own errors. */
export type StandardReason = keyof typeof STANDARD;

/** Makes one of JSON-RPC 2.0's own errors: its standard text, then the details. */
export function standardError(
  reason: StandardReason,
  details = "",
  data: Readonly<Record<string, unknown>> = {},
): RpcError {
  const [code, text] = STANDARD[reason];
  return new RpcError(code, details === "" ? text : `${text}: ${details}`, { ...data, reason });
}
