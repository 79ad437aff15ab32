/** The numbers an error may carry on the wire: JSON-RPC 2.0's own, then ours in its server range. */
export const ERROR_CODES = {
  ParseError: -32700,
  InvalidRequest: -32600,
  MethodNotFound: -32601,
  InvalidParams: -32602,
  InternalError: -32603,
  SessionNotFound: -32001,
  SessionLimitReached: -32002,
  RuntimeUnavailable: -32003,
  Unauthorized: -32004,
  RateLimited: -32005,
  TooLarge: -32006,
  SessionClosed: -32007,
  ShuttingDown: -32008,
  ProcessFailed: -32009,
} as const;

/** A number of {@linkcode ERROR_CODES}. */
export type ErrorCode = typeof ERROR_CODES[keyof typeof ERROR_CODES];
