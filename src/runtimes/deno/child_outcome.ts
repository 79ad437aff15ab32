import type { RunOutcome } from "../runtime.ts";
import type { StderrTail } from "../stderr_tail.ts";
import type { Cgroups, GroupCounters } from "./cgroups.ts";
import type { ChildEnd } from "./child.ts";
import { runOutcome } from "./run_outcome.ts";
import type { SandboxParts } from "./sandbox_parts.ts";
import type { Slot } from "./slots.ts";

/** What is known of a child that ended. */
export interface ChildEvidence {
  readonly slot: Slot;
  /** The last of its standard error. */
  readonly tail: StderrTail;
  /** Aborted if we ended it. */
  readonly signal: AbortSignal;
  /** Whether it was a program other than Deno. */
  readonly program: boolean;
  /** Signals that its client sent. */
  readonly sent?: ReadonlySet<string> | undefined;
  /** What had been counted of its slot before its run began. */
  readonly before?: Promise<GroupCounters> | undefined;
}

const MIB = 1024 * 1024;

/** Says how a child's run ended, by the limits of its sandbox and what was counted of it. */
export async function childOutcome(
  { profile, services }: SandboxParts,
  end: ChildEnd,
  { slot, tail, signal, before, ...evidence }: ChildEvidence,
): Promise<RunOutcome> {
  return runOutcome(end, {
    ...evidence,
    stopped: signal.aborted,
    confined: services.launcher.confined,
    stderrTail: tail.text,
    counters: await countersSince(services.cgroups, slot, before),
    memoryBytes: profile.memoryLimitMB * MIB,
    diskBytes: profile.diskLimitMB * MIB,
    pidsLimit: profile.pidsLimit,
  });
}

/** What was counted of a slot's group, less what had been before. */
async function countersSince(
  cgroups: Cgroups | undefined,
  slot: Slot,
  before: Promise<GroupCounters> | undefined,
): Promise<GroupCounters | undefined> {
  const counters = await cgroups?.counters(slot.name);
  const past = (await before)?.cpuMs;
  if (counters?.cpuMs === undefined || past === undefined) return counters;
  return { ...counters, cpuMs: Math.max(0, counters.cpuMs - past) };
}

/** The outcome of what never ran. */
export function notStarted(message: string): RunOutcome {
  return { cause: "not_started", exitCode: null, message };
}
