import type { CallContext } from "../rpc/peer.ts";
import { type Handlers, type MethodDeps, userOf } from "./method_deps.ts";

type ContextMethod =
  | "context.create"
  | "context.list"
  | "context.restart"
  | "context.interrupt"
  | "context.delete";

/** The methods of contexts, which keep an interpreter between cells. */
export function contextMethods({ sessions }: MethodDeps): Handlers<ContextMethod> {
  const contextsOf = ({ sessionId }: { sessionId: string }, context: CallContext) => {
    const session = sessions.get(sessionId, userOf(context));
    session.touch();
    return session.contexts;
  };
  return {
    async "context.create"({ language, ...target }, context) {
      return await contextsOf(target, context).create(language);
    },
    "context.list"({ sessionId }, context) {
      const contexts = sessions.get(sessionId, userOf(context)).contexts.list();
      return { count: contexts.length, contexts };
    },
    async "context.restart"({ contextId, ...target }, context) {
      return await contextsOf(target, context).restart(contextId);
    },
    async "context.interrupt"({ contextId, ...target }, context) {
      const interrupted = await contextsOf(target, context).get(contextId).interrupt();
      return { contextId, interrupted };
    },
    async "context.delete"({ contextId, ...target }, context) {
      await contextsOf(target, context).delete(contextId);
      return { contextId, deleted: true };
    },
  };
}
