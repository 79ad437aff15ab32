/** The bounds of everything that clients send and are sent. */
export interface TransportLimits {
  /** Bytes of one message or HTTP body from a client. */
  readonly maxMessageBytes: number;
  /** Bytes that may wait for one client before its connection is closed. */
  readonly maxQueueBytes: number;
  /** WebSocket connections at the same time, and as many HTTP calls. */
  readonly maxConnections: number;
  /** Seconds between pings of a quiet connection; one that does not answer is closed. 0 sends none. */
  readonly pingIntervalSeconds: number;
  /** Milliseconds that a client may take to send the body of an HTTP call. @default {120000} */
  readonly bodyTimeoutMs?: number;
}
