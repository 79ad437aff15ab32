import type { MethodName, MethodParams, MethodResult } from "../protocol/methods.ts";
import type { NotificationName, NotificationParams } from "../protocol/notifications.ts";
import type { CallContext, Peer } from "../rpc/peer.ts";
import type { MakingProgress } from "../runtimes/runtime.ts";
import type { RuntimeRegistry } from "../runtimes/runtime_registry.ts";
import type { SessionManager, SessionUser } from "../sessions/session_manager.ts";

/** What methods work with. */
export interface MethodDeps {
  readonly sessions: SessionManager;
  readonly runtimes: RuntimeRegistry;
  /** The server's version. */
  readonly version: string;
  /** Limits that a client may want to know, by their setting's name. */
  readonly limits: Readonly<Record<string, number>>;
  /** Signs URLs of files. */
  readonly urls: UrlSigning;
}

/** Makes URLs that need no key. */
export interface UrlSigning {
  /** Returns the path with a query that allows it. */
  sign(target: {
    readonly method: "GET" | "PUT";
    readonly pathname: string;
    /** Milliseconds since 1970. */
    readonly expiresAt: number;
    readonly maxBytes?: number | undefined;
  }): Promise<string>;
}

/** The handler of one method: params are valid, what it throws becomes the error. */
export type Handler<K extends MethodName> = (
  params: MethodParams<K>,
  context: CallContext,
) => MethodResult<K> | Promise<MethodResult<K>>;

/** The handlers of some methods. */
export type Handlers<K extends MethodName> = { readonly [M in K]: Handler<M> };

/** Sends a notification of the contract. */
export function notify<K extends NotificationName>(
  peer: Peer,
  method: K,
  params: NotificationParams<K>,
): void {
  peer.notify(method, params);
}

/** Who asks, as sessions see it. */
export function userOf({ peer }: CallContext): SessionUser {
  const { id, caller, gone } = peer;
  const watcher = {
    id,
    gone,
    progress: ({ image, status, layer, current, total }: MakingProgress) =>
      notify(peer, "image.pull", {
        image,
        status,
        ...(layer !== undefined && { layer }),
        ...(current !== undefined && { current }),
        ...(total !== undefined && { total }),
      }),
    sessionClosed: (sessionId: string, reason: NotificationParams<"session.closed">["reason"]) =>
      notify(peer, "session.closed", { sessionId, reason }),
  };
  return { caller, ...(peer.canNotify && { watcher }) };
}
