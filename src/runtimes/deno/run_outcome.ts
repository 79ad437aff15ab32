import type { RunOutcome } from "../runtime.ts";
import { signalName } from "../signals.ts";
import type { GroupCounters } from "./cgroups.ts";
import type { ChildEnd } from "./child.ts";

/** What is known about a run besides how its process ended. */
export interface RunEvidence {
  /** Whether we ended it. */
  readonly stopped: boolean;
  /** Whether the process was inside bubblewrap, which reports a signal as exit code 128 + its number. */
  readonly confined: boolean;
  /** Whether the process could be ended by a signal of its own doing: a program, not code in Deno. */
  readonly program: boolean;
  /** Signals that its client sent. */
  readonly sent?: ReadonlySet<string> | undefined;
  /** The last of its standard error. */
  readonly stderrTail: string;
  /** What the kernel counted of it, where it has a control group of its own. */
  readonly counters?: GroupCounters | undefined;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pidsLimit: number;
}

/** V8 and Rust end the process themselves when memory runs out; this is what they say before. */
const OUT_OF_MEMORY_REGEXP =
  /Fatal JavaScript out of memory|Fatal process out of memory|JavaScript heap out of memory|memory allocation of \d+ bytes failed/;
const CRASH_REGEXP = /^# Fatal |panicked at |^Deno has panicked/m;
const CRASH_SIGNALS = new Set(["SIGTRAP", "SIGABRT", "SIGILL", "SIGSEGV", "SIGBUS"]);

const LOST =
  "The command was lost: its sandbox was ended from outside; the session and its files are still there";

/** Says how a run ended, from what the system and the runtime say of it. */
export function runOutcome(end: ChildEnd, evidence: RunEvidence): RunOutcome {
  const { cpuMs, memoryPeakBytes } = evidence.counters ?? {};
  return {
    ...ending(end, evidence),
    ...(cpuMs !== undefined && { cpuMs }),
    ...(memoryPeakBytes !== undefined && { memoryPeakBytes }),
  };
}

function ending(end: ChildEnd, evidence: RunEvidence): RunOutcome {
  if (evidence.stopped) return { cause: "stopped", exitCode: null };
  if (end.code === 0 && end.signal === null) return { cause: "exited", exitCode: 0 };
  const signal = signalOf(end, evidence.confined);
  if (ranOutOfMemory(signal, evidence)) {
    return {
      cause: "memory_limit",
      exitCode: null,
      message: `Memory limit of ${evidence.memoryBytes / 1024 / 1024} MB exceeded`,
      limit: { kind: "memory", configured: evidence.memoryBytes },
    };
  }
  if (signal === "SIGXFSZ") {
    return {
      cause: "disk_limit",
      exitCode: null,
      message: `File size limit of ${evidence.diskBytes / 1024 / 1024} MB exceeded`,
      limit: { kind: "disk", configured: evidence.diskBytes },
    };
  }
  if ((evidence.counters?.pidsRefused ?? 0) > 0) {
    return {
      cause: "process_limit",
      exitCode: null,
      message: `Limit of ${evidence.pidsLimit} processes and threads reached`,
      limit: { kind: "processes", configured: evidence.pidsLimit },
    };
  }
  // Nothing inside reaches bubblewrap, which tells signals of the program as exit codes.
  if (evidence.confined && end.signal !== null) {
    return { cause: "session_lost", exitCode: null, message: LOST };
  }
  if (signal === undefined) return { cause: "exited", exitCode: end.code };
  // Code in Deno cannot send itself a signal, but it can exit with any code: only what a crash leaves
  // behind tells the two apart.
  const isTold = evidence.program || evidence.sent?.has(signal) || end.signal !== null;
  if (!isTold && !CRASH_REGEXP.test(evidence.stderrTail)) {
    return { cause: "exited", exitCode: end.code };
  }
  return { cause: "signaled", exitCode: null, signal };
}

function signalOf({ code, signal }: ChildEnd, confined: boolean): string | undefined {
  if (signal !== null) return signal;
  return confined && code > 128 ? signalName(code - 128) : undefined;
}

function ranOutOfMemory(signal: string | undefined, evidence: RunEvidence): boolean {
  // Whichever of its processes was killed: the group is of this run alone.
  if ((evidence.counters?.oomKills ?? 0) > 0) return true;
  return signal !== undefined && CRASH_SIGNALS.has(signal) &&
    OUT_OF_MEMORY_REGEXP.test(evidence.stderrTail);
}
