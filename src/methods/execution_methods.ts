import type { MethodParams } from "../protocol/methods.ts";
import type { Execution } from "../sessions/execution.ts";
import { type Handlers, type MethodDeps, userOf } from "./method_deps.ts";
import { replayOutput } from "./output_streaming.ts";
import { streamOutput } from "./session_methods.ts";

type ExecutionMethod = "execution.run" | "execution.get" | "execution.attach";

/** The methods of executions. */
export function executionMethods({ sessions }: MethodDeps): Handlers<ExecutionMethod> {
  return {
    async "execution.run"(params, context) {
      // The session is of no interest to the client, so neither is its end.
      const owner = { caller: context.peer.caller };
      const { code, args, env, stdin, timeoutMs, executionId } = params;
      const options = { timeoutMs, executionId, path: [] };
      sessions.checkCode(code, owner, options);
      const session = await sessions.create(sessionParams(params), owner);
      try {
        const command = { type: "execute_code" as const, code, args, env, stdin };
        const execution = sessions.execute(session.id, command, owner, options);
        if (params.stream) streamOutput(execution, context);
        return await execution.answer;
      } finally {
        // The answer does not wait for the end of what nobody will use again.
        void session.close("client");
      }
    },
    "execution.get"({ executionId, sessionId }, context) {
      const execution = sessions.execution(executionId, userOf(context), sessionId);
      const { envelope } = execution;
      return {
        ...describe(execution),
        command: execution.command,
        ...(envelope?.status !== undefined && { status: envelope.status }),
        ...execution.times,
        ...(envelope !== undefined && { result: envelope }),
      };
    },
    "execution.attach"({ executionId, sessionId, seq, stream }, context) {
      const execution = sessions.execution(executionId, userOf(context), sessionId);
      const replay = replayOutput(execution, seq);
      if (stream) streamOutput(execution, context, replay.nextSeq);
      const { envelope } = execution;
      return {
        ...describe(execution),
        ...replay,
        ...(envelope !== undefined && { result: envelope }),
      };
    },
  };
}

function describe({ id, sessionId, state }: Execution) {
  return { executionId: id, sessionId, state };
}

function sessionParams(params: MethodParams<"execution.run">) {
  const { language, files, runtime, memoryLimitMB, permissions, dockerImage, network } = params;
  return { language, files, runtime, memoryLimitMB, permissions, dockerImage, network };
}
