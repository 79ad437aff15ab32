import { type NotStartedReason, type Program, ProgramNotStarted } from "./container_io.ts";
import type { ReportWords } from "./engine_report.ts";
import { signalName } from "../signals.ts";

/** What a report says of a program that ended. */
export interface ReportedEnd {
  readonly code: number | null;
  readonly signal: string | null;
  readonly oomKills: number;
  readonly pidsRefused: number;
  readonly cpuMs?: number;
}

const SIGNAL_BASE = 128;
/** Signals that no program exits with the number of, where the shell could not tell. */
const TELLING = new Set(["SIGABRT", "SIGFPE", "SIGKILL", "SIGSEGV", "SIGTERM"]);

/** Signals that a shell does not complain about. */
const UNTOLD = new Set(["SIGINT", "SIGPIPE"]);

/**
 * Reads `ended STATUS SIGNALED OOM PIDS CPU`; of anything else, that nothing is known. A shell does not
 * complain about SIGINT and SIGPIPE: that one of them ended the program is told by its having been sent.
 */
export function parseEnd(
  [kind, ...words]: ReportWords,
  sent: ReadonlySet<string> = new Set(),
): ReportedEnd {
  if (kind !== "ended") return { code: null, signal: null, oomKills: 0, pidsRefused: 0 };
  const [status, signaled, oomKills, pidsRefused, user, system] = words;
  const cpuMs = minutesToMs(user) + minutesToMs(system);
  return {
    ...parseStatus(Number(status), signaled, sent),
    oomKills: Number(oomKills) || 0,
    pidsRefused: Number(pidsRefused) || 0,
    ...(Number.isFinite(cpuMs) && { cpuMs }),
  };
}

function parseStatus(
  status: number,
  signaled: string | undefined,
  sent: ReadonlySet<string>,
): Pick<ReportedEnd, "code" | "signal"> {
  const name = status > SIGNAL_BASE ? signalName(status - SIGNAL_BASE) : undefined;
  const killed = signaled === "yes" || (signaled === "unknown" && TELLING.has(name ?? "")) ||
    (name !== undefined && UNTOLD.has(name) && sent.has(name));
  if (!killed || status <= SIGNAL_BASE) return { code: status, signal: null };
  return { code: null, signal: name ?? `SIG${status - SIGNAL_BASE}` };
}

/** Reads what `times` writes, such as `0m1.250s`. */
function minutesToMs(text: string | undefined): number {
  const [, minutes, seconds] = /^(\d+)m([\d.,]+)s$/.exec(text ?? "") ?? [];
  return Math.round((Number(minutes) * 60 + Number(seconds?.replace(",", "."))) * 1000);
}

const REASONS: Readonly<Record<string, NotStartedReason>> = {
  "program_not_found": "program_not_found",
  "permission_denied": "permission_denied",
  "directory_not_found": "directory_not_found",
  "not_a_directory": "not_a_directory",
  "directory_denied": "permission_denied",
  "interpreter": "other",
};

/** The error of `unstarted REASON`; undefined for other reports. */
export function unstarted(
  [kind, reason = ""]: ReportWords,
  { argv: [name], cwd, script }: Program,
): ProgramNotStarted | undefined {
  if (kind !== "unstarted") return undefined;
  const messages: Readonly<Record<string, string>> = {
    "program_not_found": `There is no program "${name}"`,
    "permission_denied": `"${name}" is not a file that the sandbox's user may run`,
    "directory_not_found": `There is no directory "${cwd}"`,
    "not_a_directory": `"${cwd}" is not a directory`,
    "directory_denied": `The sandbox's user may not enter "${cwd}"`,
    "interpreter": `the interpreter that its first line names is missing`,
    "env": 'the image has no "env", which programs need where the agent cannot run',
    "script": `its code could not be written to "${script?.path}", is there space left?`,
  };
  return new ProgramNotStarted(REASONS[reason] ?? "other", messages[reason] ?? reason);
}

/** Options of {@linkcode refusedStart}. */
export interface RefusedStartOptions extends ErrorOptions {
  /** Whether a process was refused meanwhile for want of room. @default {false} */
  readonly processLimit?: boolean;
}

/** The error of a program whose shell the engine could not start, from the engine's words. */
export function refusedStart(words: string, options: RefusedStartOptions = {}): ProgramNotStarted {
  const { processLimit = false, ...rest } = options;
  if (/argument list too long/i.test(words)) {
    return new ProgramNotStarted("too_long", "Arguments and environment are too long", rest);
  }
  if (isShellMissing(words)) {
    return new ProgramNotStarted("other", SHELL_MISSING, rest);
  }
  if (processLimit || /resource temporarily unavailable/i.test(words)) {
    return new ProgramNotStarted("process_limit", "No process could be made for it", rest);
  }
  const said = words.trim().slice(0, 500) || "it said nothing";
  return new ProgramNotStarted("other", `the engine could not start it: ${said}`, rest);
}

/** What is to be done about an image without a shell. */
export const SHELL_MISSING =
  "the image has no /bin/sh, which is needed where the agent cannot run: use an image that has one";

/** Whether these words of the engine say that there is no shell. */
export function isShellMissing(words: string): boolean {
  return /\/bin\/sh\b.*(?:no such file|not found)/is.test(words);
}
