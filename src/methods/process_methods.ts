import { SandboxError } from "../errors.ts";
import type { Screen } from "../protocol/terminal.ts";
import type { CallContext } from "../rpc/peer.ts";
import { decodeContent } from "../sessions/content.ts";
import type { ProcessExecution } from "../sessions/process_execution.ts";
import { type Handlers, type MethodDeps, notify, userOf } from "./method_deps.ts";
import { followOutput, replayOutput } from "./output_streaming.ts";

type ProcessMethod =
  | "process.list"
  | "process.get"
  | "process.write"
  | "process.closeStdin"
  | "process.signal"
  | "process.resize"
  | "process.wait"
  | "process.waitFor"
  | "process.attach";

const NO_SCREEN =
  "Cannot show the screen of the process: it has no terminal, start it with pty: true for one";

interface Target {
  readonly processId: string;
  readonly sessionId?: string | undefined;
}

/** The methods of processes that run in the background. */
export function processMethods({ sessions }: MethodDeps): Handlers<ProcessMethod> {
  const { processes } = sessions;
  const use = ({ processId, sessionId }: Target, context: CallContext) =>
    processes.use(processId, userOf(context), sessionId);
  return {
    "process.list"({ sessionId }, context) {
      const list = processes.list(sessions.get(sessionId, userOf(context)));
      return { count: list.length, processes: list.map(describe) };
    },
    "process.get"({ processId, sessionId }, context) {
      const execution = processes.get(processId, userOf(context), sessionId);
      return { ...describe(execution), ...resultOf(execution) };
    },
    async "process.write"({ data, encoding, ...target }, context) {
      const { process } = use(target, context);
      const bytes = decodeContent(data, encoding, ["data"]);
      await process.write(bytes);
      return { processId: target.processId, bytes: bytes.length };
    },
    async "process.closeStdin"(target, context) {
      await use(target, context).process.closeStdin();
      return { processId: target.processId, closed: true };
    },
    async "process.signal"({ signal, target: to, ...target }, context) {
      await use(target, context).process.signal(signal, to);
      return { processId: target.processId, signal };
    },
    async "process.resize"({ cols, rows, ...target }, context) {
      await use(target, context).process.resize({ cols, rows });
      return { processId: target.processId, cols, rows };
    },
    async "process.wait"({ timeoutMs, ...target }, context) {
      const execution = use(target, context);
      const ended = await processes.wait(execution, { timeoutMs, signal: context.signal });
      return { processId: target.processId, ended, ...resultOf(execution) };
    },
    async "process.waitFor"({ port, pattern, stream, timeoutMs, ...target }, context) {
      const execution = use(target, context);
      const wanted = { port, pattern, stream };
      const options = { timeoutMs, signal: context.signal };
      const readiness = await processes.waitUntilReady(execution, wanted, options);
      return { processId: target.processId, ready: true, ...readiness };
    },
    async "process.attach"({ seq, screen: wanted, stream, ...target }, context) {
      const execution = use(target, context);
      const screen = await screenOf(execution, wanted, seq);
      const replay = replayOutput(execution, screen?.seq ?? seq ?? 0);
      if (stream && execution.state !== "ended") {
        followProcess(execution, context, replay.nextSeq);
      }
      const { id: processId, sessionId, state } = execution;
      const shown = screen === undefined ? {} : { screen };
      return { processId, sessionId, state, ...replay, ...shown, ...resultOf(execution) };
    },
  };
}

/** What the terminal of a process shows, if it has one and that is wanted or nothing else is. */
async function screenOf(
  { process: { terminal } }: ProcessExecution,
  wanted: boolean | undefined,
  seq: number | undefined,
): Promise<Screen | undefined> {
  if (terminal === undefined) {
    if (wanted === true) throw new SandboxError("not_supported", NO_SCREEN);
    return undefined;
  }
  const isWanted = wanted ?? (seq === undefined && terminal.screen.isKept);
  return isWanted ? await terminal.screen.snapshot() : undefined;
}

/** Tells the caller of a process's output and its end from its start on, behind the answer to that. */
export function followStart(execution: ProcessExecution, context: CallContext): void {
  execution.answer.then((envelope) => {
    // What could not be started has nothing to tell but its answer.
    if (envelope === execution.envelope) return;
    setTimeout(() => followProcess(execution, context, 0), 0);
  }, () => {});
}

/** Tells the caller of a process's output from a chunk on and of its end, until the connection is gone. */
function followProcess(execution: ProcessExecution, context: CallContext, from: number): void {
  const { id: processId, sessionId } = execution;
  followOutput(execution, context, {
    from,
    onChunk: (chunk) => notify(context.peer, "process.output", { sessionId, processId, ...chunk }),
    onEnd: () =>
      notify(context.peer, "process.exit", { sessionId, processId, ...exitOf(execution) }),
  });
}

function exitOf({ envelope }: ProcessExecution) {
  const { status = "internal_error" as const, exitCode = null, signal } = envelope ?? {};
  return { status, exitCode, ...(signal !== undefined && { signal }) };
}

function describe(execution: ProcessExecution) {
  const { id: processId, sessionId, state, process, times, envelope } = execution;
  const { pid, command, args, terminal } = process;
  return {
    processId,
    sessionId,
    ...(pid !== undefined && { pid }),
    command,
    args: [...args],
    ...(terminal !== undefined && { terminal: terminal.size }),
    state,
    ...(envelope !== undefined && exitOf(execution)),
    ...times,
  };
}

function resultOf({ envelope }: ProcessExecution) {
  return envelope === undefined ? {} : { result: envelope };
}
