import { basename } from "@std/path/posix";
import type { RunOutcome } from "../runtime.ts";
import type { ProgramEnd, ProgramNotStarted } from "./container_io.ts";

/** What is known about a run besides how its process ended. */
export interface OutcomeEvidence {
  /** The program that ran, by its name or path. */
  readonly program: string;
  readonly memoryBytes: number;
  readonly diskBytes: number;
  readonly pidsLimit: number;
  /** The last of its standard error. */
  readonly stderrTail: string;
}

/**
 * Language runtimes that size their heap by the container end themselves before the kernel would. This is
 * what they say then, and how they end; one without the other is something that a program wrote.
 */
const GIVING_UP: readonly {
  readonly programs: RegExp;
  readonly said: RegExp;
  readonly codes: readonly number[];
  readonly signals: readonly string[];
}[] = [
  {
    programs: /^(?:node|deno)$/,
    said: /JavaScript heap out of memory|Fatal (?:JavaScript|process) out of memory/,
    codes: [133, 134],
    signals: ["SIGABRT", "SIGTRAP", "SIGILL"],
  },
  {
    programs: /^dotnet/,
    said: /^Out of memory\.|System\.OutOfMemoryException/m,
    codes: [134],
    signals: ["SIGABRT"],
  },
  { programs: /^java$/, said: /java\.lang\.OutOfMemoryError/, codes: [1, 3], signals: ["SIGABRT"] },
  // Rust and C++, whose programs have any name.
  {
    programs: /^/,
    said: /memory allocation of \d+ bytes failed|std::bad_alloc/,
    codes: [],
    signals: ["SIGABRT"],
  },
];

function gaveUp({ code, signal }: ProgramEnd, { program, stderrTail }: OutcomeEvidence): boolean {
  const name = basename(program);
  return GIVING_UP.some(({ programs, said, codes, signals }) =>
    programs.test(name) &&
    (signal === null ? codes.includes(code ?? -1) : signals.includes(signal)) &&
    said.test(stderrTail)
  );
}

/** Counters are the container's: beside others a program is only blamed for what shows in its own end. */
function wasKilledForMemory({ oomKills, alone = true, code, signal }: ProgramEnd): boolean {
  return oomKills > 0 && (alone || signal === "SIGKILL" || code === 137);
}

const MIB = 1024 * 1024;

/** Says how a program in a container ended, from what the system says of it. */
export function programOutcome(end: ProgramEnd, evidence: OutcomeEvidence): RunOutcome {
  const measured = {
    ...(end.cpuMs !== undefined && { cpuMs: end.cpuMs }),
    ...(end.memoryPeakBytes !== undefined && { memoryPeakBytes: end.memoryPeakBytes }),
  };
  if (end.stopped) return { cause: "stopped", exitCode: null, ...measured };
  if (end.code === 0) return { cause: "exited", exitCode: 0, ...measured };
  return { ...failure(end, evidence), ...measured };
}

function failure(end: ProgramEnd, evidence: OutcomeEvidence): RunOutcome {
  const { memoryBytes, diskBytes, pidsLimit } = evidence;
  if (wasKilledForMemory(end) || gaveUp(end, evidence)) {
    return {
      cause: "memory_limit",
      exitCode: null,
      message: `Memory limit of ${memoryBytes / MIB} MB exceeded`,
      limit: { kind: "memory", configured: memoryBytes },
    };
  }
  if (end.signal === "SIGXFSZ") {
    return {
      cause: "disk_limit",
      exitCode: null,
      message: `File size limit of ${diskBytes / MIB} MB exceeded`,
      limit: { kind: "disk", configured: diskBytes },
    };
  }
  if (end.pidsRefused > 0 && (end.alone ?? true)) return processLimit(pidsLimit);
  if (end.signal !== null) return { cause: "signaled", exitCode: null, signal: end.signal };
  return { cause: "exited", exitCode: end.code };
}

function processLimit(pidsLimit: number): RunOutcome {
  return {
    cause: "process_limit",
    exitCode: null,
    message: `Limit of ${pidsLimit} processes and threads reached`,
    limit: { kind: "processes", configured: pidsLimit },
  };
}

/** Says why a program did not start, with the names as the client wrote them. */
export function notStartedOutcome(
  error: ProgramNotStarted,
  asked: { readonly program: string; readonly directory: string; readonly pidsLimit: number },
): RunOutcome {
  const { program, directory, pidsLimit } = asked;
  const notStarted = (message: string): RunOutcome => ({
    cause: "not_started",
    exitCode: null,
    message,
  });
  switch (error.reason) {
    case "program_not_found":
      return notStarted(`Program not found: ${program}`);
    case "directory_not_found":
      return notStarted(`Working directory not found: ${directory}`);
    case "not_a_directory":
      return notStarted(`Working directory is not a directory: ${directory}`);
    case "permission_denied":
      return notStarted(`Permission denied: ${program}`);
    case "too_long":
      return notStarted(`Arguments and environment are too long: ${program}`);
    case "process_limit":
      return processLimit(pidsLimit);
    case "other":
      return notStarted(`The program could not be started: ${program}: ${error.message}`);
  }
}
