import type { CallContext } from "../rpc/peer.ts";
import type { Execution } from "../sessions/execution.ts";
import { isProcess } from "../sessions/process_execution.ts";
import { type Handlers, type MethodDeps, notify, userOf } from "./method_deps.ts";
import { followOutput } from "./output_streaming.ts";
import { followStart } from "./process_methods.ts";

type SessionMethod =
  | "session.create"
  | "session.execute"
  | "session.list"
  | "session.get"
  | "session.close"
  | "session.cancel"
  | "session.extend";

/** The methods of sessions. */
export function sessionMethods({ sessions }: MethodDeps): Handlers<SessionMethod> {
  return {
    async "session.create"(params, context) {
      const session = await sessions.create(params, userOf(context));
      const { sessionId, containerId, language, createdAt, runtime } = session.summary();
      return {
        sessionId,
        containerId,
        language,
        createdAt,
        state: "Active",
        config: session.config,
        runtime,
      };
    },
    "session.execute"({ sessionId, command, stream, ...options }, context) {
      // Not awaited before: the command is in its queue when this returns.
      const execution = sessions.execute(sessionId, command, userOf(context), options);
      if (stream && isProcess(execution)) followStart(execution, context);
      else if (stream) streamOutput(execution, context);
      return execution.answer;
    },
    "session.list"(_, { peer }) {
      const list = sessions.list(peer.caller);
      return { count: list.length, sessions: list };
    },
    "session.get"({ sessionId }, context) {
      return sessions.get(sessionId, userOf(context)).details();
    },
    async "session.close"({ sessionId }, context) {
      const session = sessions.get(sessionId, userOf(context));
      // Whoever asks is told by the answer: a client that reads one message for each it sends, as the
      // guide's does, must not find another before it.
      session.unwatch(context.peer.id);
      await session.close("client");
      return { sessionId, closed: true };
    },
    "session.cancel"({ sessionId, executionId }, context) {
      const cancelled = sessions.get(sessionId, userOf(context)).cancel(executionId);
      return { sessionId, cancelled };
    },
    "session.extend"({ sessionId, ...asked }, context) {
      const session = sessions.get(sessionId, userOf(context));
      sessions.extend(session, asked);
      const { idleTimeoutMinutes, maxLifetimeMinutes } = session.config;
      return { sessionId, idleTimeoutMinutes, maxLifetimeMinutes, ...session.deadlines };
    },
  };
}

/** Sends an execution's output to the caller from a chunk on, until it ends or the connection is gone. */
export function streamOutput(execution: Execution, context: CallContext, from?: number): void {
  const { id: executionId, sessionId } = execution;
  followOutput(execution, context, {
    from,
    onChunk: (chunk) =>
      notify(context.peer, "session.output", { sessionId, executionId, ...chunk }),
  });
}
