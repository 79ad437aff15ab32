/**
 * The codes the server closes a WebSocket with. Beside them a client may see 1006 (no close frame), where
 * the platform ends the connection by itself: a text message that is not UTF-8, or a single frame of
 * 64 MiB and more.
 */
export const CLOSE_CODES = {
  /** The server is shutting down, or a ping was not answered in time; connect again. */
  GoingAway: 1001,
  /** A message was larger than the server takes; its error went ahead. */
  MessageTooBig: 1009,
  /** The client read too slowly and what waits for it grew beyond the limit; what waited is lost. */
  SlowConsumer: 4008,
} as const;

/** A code of {@linkcode CLOSE_CODES}. */
export type CloseCode = typeof CLOSE_CODES[keyof typeof CLOSE_CODES];
