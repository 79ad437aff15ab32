/** What the transport tells the log and the metrics. Callbacks must not throw. */
export interface TransportEvents {
  /** A WebSocket was opened. */
  connectionOpened?(connection: { id: string; caller: string; remote: string }): void;
  /** A WebSocket has ended; the code is the close frame's, 1006 or 1005 if there was none. */
  connectionClosed?(
    connection: { id: string; caller: string; code: number; reason: string; durationMs: number },
  ): void;
  /** An HTTP request was answered, an upgrade among them. */
  requestAnswered?(
    request: { method: string; path: string; status: number; durationMs: number },
  ): void;
  /** Something failed that should not; the client only knows the reference, if anything. */
  failed?(failure: { reference: string; thrown: unknown; doing: string }): void;
}
