import type { RunOutcome } from "../runtime.ts";
import { signalName } from "../signals.ts";
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
  /** Whether the kernel killed it for its memory; asked only when that is possible. */
  readonly hadOom: () => Promise<boolean>;
  readonly memoryBytes: number;
  readonly diskBytes: number;
}

/** V8 and Rust end the process themselves when memory runs out; this is what they say before. */
const OUT_OF_MEMORY_REGEXP =
  /Fatal JavaScript out of memory|Fatal process out of memory|JavaScript heap out of memory|memory allocation of \d+ bytes failed/;
const CRASH_REGEXP = /^# Fatal |panicked at |^Deno has panicked/m;
const CRASH_SIGNALS = new Set(["SIGTRAP", "SIGABRT", "SIGILL", "SIGSEGV", "SIGBUS"]);

/** Says how a run ended, from what the system and the runtime say of it. */
export async function runOutcome(end: ChildEnd, evidence: RunEvidence): Promise<RunOutcome> {
  if (evidence.stopped) return { cause: "stopped", exitCode: null };
  const signal = signalOf(end, evidence.confined);
  if (signal === undefined) return { cause: "exited", exitCode: end.code };
  if (await ranOutOfMemory(signal, evidence)) {
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

async function ranOutOfMemory(signal: string, evidence: RunEvidence): Promise<boolean> {
  if (signal === "SIGKILL") return await evidence.hadOom();
  return CRASH_SIGNALS.has(signal) && OUT_OF_MEMORY_REGEXP.test(evidence.stderrTail);
}
