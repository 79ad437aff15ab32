/** Whether a request may go on, and as whom. */
export type GuardVerdict =
  | {
    readonly ok: true;
    /** The id of the API key, or `anonymous`. */
    readonly caller: string;
    /** The entry of `Sec-WebSocket-Protocol` to answer an upgrade with. */
    readonly protocol?: string | undefined;
    /** What a signed URL allows, if the request has come with one. */
    readonly signed?: { readonly maxBytes?: number } | undefined;
  }
  | {
    readonly ok: false;
    readonly status: number;
    readonly body: object;
    readonly headers?: HeadersInit | undefined;
  };

/** Looks at every request before anything else does. */
export interface RequestGuard {
  /** Judges by the head of the request; the body is not its to read. */
  check(request: Request, info: Deno.ServeHandlerInfo): GuardVerdict | Promise<GuardVerdict>;
}
