import type { CallContext } from "../rpc/peer.ts";
import type { FileWatch } from "../sessions/watches/file_watch.ts";
import { type Handlers, type MethodDeps, notify, userOf } from "./method_deps.ts";

type WatchMethod = "watch.create" | "watch.list" | "watch.attach" | "watch.delete";

/** The methods that watch the files of a session. */
export function watchMethods({ sessions }: MethodDeps): Handlers<WatchMethod> {
  const watchesOf = ({ sessionId }: { sessionId: string }, context: CallContext) => {
    const session = sessions.get(sessionId, userOf(context));
    session.touch();
    return session.watches;
  };
  return {
    async "watch.create"({ sessionId, stream, ...spec }, context) {
      const watch = await watchesOf({ sessionId }, context).create(spec);
      if (stream) follow(watch, context, 0);
      return watch.summary;
    },
    "watch.list"({ sessionId }, context) {
      const watches = sessions.get(sessionId, userOf(context)).watches.list();
      return { count: watches.length, watches: watches.map(({ summary }) => summary) };
    },
    "watch.attach"({ sessionId, watchId, seq, stream }, context) {
      const watch = watchesOf({ sessionId }, context).get(watchId);
      const { summary } = watch;
      if (stream) follow(watch, context, summary.nextSeq);
      return { ...summary, ...watch.replay(seq) };
    },
    "watch.delete"({ sessionId, watchId }, context) {
      watchesOf({ sessionId }, context).delete(watchId);
      return { watchId, deleted: true };
    },
  };
}

/** Tells the caller what a watch sees from a number on, until the connection is gone. */
function follow(watch: FileWatch, { peer }: CallContext, from: number): void {
  if (!peer.canNotify) return;
  const { watchId, sessionId } = watch.summary;
  watch.follow({
    id: peer.id,
    gone: peer.gone,
    hasRoom: () => peer.hasRoom,
    onEvents: (batch) => notify(peer, "watch.event", { sessionId, watchId, ...batch }),
    onEnd: (end) => notify(peer, "watch.end", { sessionId, watchId, ...end }),
  }, from);
}
