import type { CallContext } from "../rpc/peer.ts";
import { type Handlers, type MethodDeps, userOf } from "./method_deps.ts";

type ShellMethod = "shell.create" | "shell.list" | "shell.interrupt" | "shell.delete";

/** The methods of shells that go on between commands. */
export function shellMethods({ sessions }: MethodDeps): Handlers<ShellMethod> {
  const shellsOf = ({ sessionId }: { sessionId: string }, context: CallContext) => {
    const session = sessions.get(sessionId, userOf(context));
    session.touch();
    return session.shells;
  };
  return {
    async "shell.create"({ cwd, env, ...target }, context) {
      return await shellsOf(target, context).create({ cwd, env });
    },
    "shell.list"({ sessionId }, context) {
      const shells = sessions.get(sessionId, userOf(context)).shells.list();
      return { count: shells.length, shells };
    },
    async "shell.interrupt"({ shellId, ...target }, context) {
      const interrupted = await shellsOf(target, context).get(shellId).interrupt();
      return { shellId, interrupted };
    },
    async "shell.delete"({ shellId, ...target }, context) {
      await shellsOf(target, context).delete(shellId);
      return { shellId, deleted: true };
    },
  };
}
