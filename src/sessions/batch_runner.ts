import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { CommandResults, SingleEnvelope } from "../protocol/commands.ts";
import type { CommandEnvelope } from "../protocol/execution.ts";
import type { Sandbox } from "../runtimes/runtime.ts";
import { BatchOutput } from "./batch_output.ts";
import { charactersOf } from "./characters_of.ts";
import type { Clock } from "./clock.ts";
import { locateIssues, type ParamsPath } from "./content.ts";
import { type EnvelopeSource, failed, stoppedEnvelope, succeeded } from "./envelope.ts";
import type { Execution } from "./execution.ts";
import { performCommand } from "./perform_command.ts";
import { type PreparedBatch, type PreparedSingle, writesOutput } from "./prepare_command.ts";

/** A batch on its way to a sandbox. */
export interface BatchRun {
  readonly execution: Execution;
  readonly command: PreparedBatch;
  readonly sandbox: Sandbox;
  /** Where the batch stands in the params. */
  readonly path: ParamsPath;
}

/** A result so small is given in any case. */
const SMALL_CHARACTERS = 16 * 1024;

/** Runs the commands of a batch one after the other. Throws what is nobody's fault but ours. */
export async function runBatch(run: BatchRun, clock: Clock): Promise<CommandEnvelope> {
  const { execution, command, sandbox, path } = run;
  const { maxOutputBytes, maxFileBytes } = command.limits;
  const output = new BatchOutput(
    maxOutputBytes,
    (stream, bytes) => execution.output?.write(stream, bytes),
  );
  const results: SingleEnvelope[] = [];
  let room = maxFileBytes;
  for (const [index, single] of command.commands.entries()) {
    if (execution.stopped !== undefined) break;
    const source = sourceOf(execution, single, clock);
    const place = {
      sandbox,
      source,
      output: writesOutput(single) ? output.next() : undefined,
      signal: execution.signal,
    };
    const answer = await settled(
      source,
      single,
      [...path, "commands", index],
      () => performCommand(single, place),
    );
    const kept = single.kind === "file" ? fitted(source, answer, room, maxFileBytes) : answer;
    if (single.kind === "file") room -= charactersOf(kept.result);
    // Commands of a batch are no batches, and neither are their results.
    results.push(kept as SingleEnvelope);
    if (!kept.success && command.stopOnError) break;
  }
  return describe(execution, command, results);
}

/** Errors that are a command's own: of a batch it is that one which has failed. */
const FAILURES: ReadonlySet<string> = new Set(["invalid_params", "too_large", "not_supported"]);

function sourceOf(execution: Execution, { type }: PreparedSingle, clock: Clock): EnvelopeSource {
  const startedAt = clock.now();
  return {
    id: execution.id,
    command: type,
    queueMs: 0,
    get elapsedMs() {
      return clock.now() - startedAt;
    },
    get stopped() {
      return execution.stopped;
    },
  };
}

/** The envelope of a command, also where alone it would be answered with an error. */
async function settled(
  source: EnvelopeSource,
  command: PreparedSingle,
  path: ParamsPath,
  perform: () => Promise<CommandEnvelope>,
): Promise<CommandEnvelope> {
  try {
    return await perform();
  } catch (error) {
    const notStarted = writesOutput(command) ? "not_started" as const : undefined;
    if (error instanceof CommandError) return failed(source, error.message, notStarted);
    if (source.stopped !== undefined) return stoppedEnvelope(source, source.stopped);
    if (!(error instanceof SandboxError)) throw error;
    if (!FAILURES.has(error.code)) throw error;
    const { message } = error instanceof InvalidParamsError ? locateIssues(error, path) : error;
    return failed(source, message, notStarted);
  }
}

/** Leaves out a large result for which there is no room; what only reads can be asked for again. */
function fitted(
  source: EnvelopeSource,
  answer: CommandEnvelope,
  room: number,
  maxFileBytes: number,
): CommandEnvelope {
  const characters = charactersOf(answer.result);
  if (characters <= Math.max(room, SMALL_CHARACTERS)) return answer;
  return failed(
    source,
    `Result left out: the results of a batch are at most ${maxFileBytes} bytes together ` +
      "(maxFileBytes), send this command by itself",
  );
}

function describe(
  execution: Execution,
  { commands }: PreparedBatch,
  results: SingleEnvelope[],
): CommandEnvelope {
  const completed = results.filter(({ success }) => success).length;
  const result: CommandResults["batch"] = { results, completed };
  if (completed === commands.length) return succeeded(execution, result);
  const { stopped } = execution;
  if (stopped !== undefined) return { ...stoppedEnvelope(execution, stopped), result };
  const index = results.findIndex(({ success }) => !success);
  const first = results[index];
  const which = `Command ${index + 1} of ${commands.length} (${commands[index]?.type}) failed`;
  return { ...failed(execution, `${which}: ${first?.error}`, first?.status), result };
}
