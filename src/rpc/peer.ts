/**
 * The other side of a connection, as methods see it: someone with a name who may be told things.
 * An HTTP call has a peer too; what it is told goes nowhere.
 */
export interface Peer {
  /** Unique among the peers of this server; for logs and limits. */
  readonly id: string;
  /** Who asks: the id of an API key, or `anonymous` on a server without keys. */
  readonly caller: string;
  /** Whether notifications reach it. */
  readonly canNotify: boolean;
  /** Whether what is sent now leaves soon; false while much waits for a slow one. */
  readonly hasRoom: boolean;
  /** Sends a notification, in order with everything sent before; does nothing once the peer is gone. */
  notify(method: string, params: unknown): void;
  /** Aborted when the connection is gone. */
  readonly gone: AbortSignal;
}

/** What a method is called with besides its params. */
export interface CallContext {
  readonly peer: Peer;
  /** Aborted when the connection is gone; what belongs to a session goes on all the same. */
  readonly signal: AbortSignal;
  /** The server's own id of this request, for the log. */
  readonly requestId: string;
}

/** One entry of the table that the dispatcher serves. */
export interface RpcMethod {
  /** Checks params and fills in defaults. */
  // deno-lint-ignore no-explicit-any -- the table's own type ties each handler to its schema
  readonly params: any;
  /** Answers a call; what it throws becomes the error of the response. */
  // deno-lint-ignore no-explicit-any -- as above
  handler(params: any, context: CallContext): unknown;
}

/** Method name to entry. */
export type RpcMethodTable = Readonly<Record<string, RpcMethod>>;
