import type { OutputChunk } from "../protocol/execution.ts";
import type { CallContext } from "../rpc/peer.ts";
import type { Execution } from "../sessions/execution.ts";

/** What is kept of an execution's output, as `attach` answers it. */
export interface ReplayedOutput {
  readonly chunks: OutputChunk[];
  readonly nextSeq: number;
  readonly droppedChunks: number;
}

/** Options of {@linkcode followOutput}. */
export interface FollowOptions {
  /** The first chunk wanted; by default the next one. */
  readonly from?: number | undefined;
  readonly onChunk: (chunk: OutputChunk) => void;
  /** Called once when it has ended, after the last chunk. */
  readonly onEnd?: (() => void) | undefined;
}

/** Returns what is kept of an execution's output from a chunk on. */
export function replayOutput({ output }: Execution, seq: number): ReplayedOutput {
  const { chunks, nextSeq, dropped } = output?.replay(seq) ??
    { chunks: [], nextSeq: 0, dropped: 0 };
  return { chunks, nextSeq, droppedChunks: dropped };
}

/**
 * Follows an execution's output until it ends or the connection is gone, as fast as the connection takes it;
 * in place of what the connection followed of it before.
 */
export function followOutput(
  { output, ended, state }: Execution,
  { peer }: CallContext,
  { from, onChunk, onEnd }: FollowOptions,
): void {
  if (output === undefined || !peer.canNotify || peer.gone.aborted) return;
  if (state === "ended") {
    if (from !== undefined) output.replay(from).chunks.forEach(onChunk);
    onEnd?.();
    return;
  }
  let isFollowing = true;
  const stop = () => {
    isFollowing = false;
    peer.gone.removeEventListener("abort", stop);
    subscription[Symbol.dispose]();
  };
  const subscription = output.subscribe(peer.id, onChunk, {
    from,
    hasRoom: () => peer.hasRoom,
    onReplaced: () => stop(),
  });
  peer.gone.addEventListener("abort", stop, { once: true });
  void ended.then(() => {
    if (!isFollowing) return;
    stop();
    onEnd?.();
  });
}
