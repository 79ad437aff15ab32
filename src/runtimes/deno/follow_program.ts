import type { RunOptions, RunOutcome, ShellSpec } from "../runtime.ts";
import { StderrTail } from "../stderr_tail.ts";
import type { Child } from "./child.ts";
import { childOutcome, notStarted } from "./child_outcome.ts";
import { LiveProgram } from "./live_program.ts";
import type { SandboxParts } from "./sandbox_parts.ts";
import type { Slot } from "./slots.ts";
import { StartFailure } from "./start_failure.ts";

/** A child that was started just now. */
export interface StartedProgram {
  readonly child: Child;
  readonly slot: Slot;
  /** What it runs. */
  readonly spec: ShellSpec;
}

/** Gives a program its input and takes its output until it ends, or is stopped. */
export async function followProgram(
  parts: SandboxParts,
  { child, slot, spec }: StartedProgram,
  { output, signal, started }: RunOptions,
): Promise<RunOutcome> {
  const { confined } = parts.services.launcher;
  const { stdin = "", keepStdin = false, commandName } = spec;
  const tail = new StderrTail();
  let live: LiveProgram | undefined;
  const stop = () => child.stop();
  const failure = new StartFailure(commandName, output);
  child.pipeTo(tail.before(failure.write));
  signal.addEventListener("abort", stop);
  if (signal.aborted) child.kill();
  try {
    const input = new TextEncoder().encode(stdin);
    child.write(input).then(() => keepStdin ? undefined : child.closeInput());
    if (spec.background === true) {
      live = await LiveProgram.find(child, { confined, mark: slot.mark });
    }
    const wasSeen = live?.isRunning === true;
    if (live !== undefined && wasSeen) started?.(live);
    const end = await child.ended;
    const reason = failure.reason(end.code);
    if (reason !== undefined) return notStarted(reason);
    // It ended before anybody could look.
    if (live !== undefined && !wasSeen && !signal.aborted) started?.(live);
    const program = commandName !== "deno";
    return await childOutcome(parts, end, { slot, tail, signal, program, sent: live?.sent });
  } finally {
    signal.removeEventListener("abort", stop);
  }
}
