import type { Peer } from "../rpc/peer.ts";

/** Who answers messages; a `Dispatcher` is one. */
export interface MessageHandler {
  /** Begins with the message before it returns; resolves with the text to send back, if any. */
  handle(text: string, peer: Peer): Promise<string | undefined>;
}
