/**
 * Domain errors: what can go wrong in sessions and runtimes, with no word of JSON-RPC in it.
 * `rpc/to_rpc_error.ts` gives each code its number on the wire.
 */

/** One invalid value of a request: where it stands and what is wrong with it. */
export interface Issue {
  /** Keys from the root of the params to the value; empty for the params themselves. */
  path: (string | number)[];
  /** What was wrong and what was expected. */
  message: string;
}

/** The conditions a caller may want to tell apart, as stable snake_case words. */
export type SandboxErrorCode =
  | "invalid_params"
  | "session_not_found"
  | "execution_not_found"
  | "process_not_found"
  | "context_not_found"
  | "watch_not_found"
  | "shell_not_found"
  | "session_limit_reached"
  | "process_limit_reached"
  | "context_limit_reached"
  | "watch_limit_reached"
  | "queue_full"
  | "runtime_unavailable"
  | "unauthorized"
  | "rate_limited"
  | "too_large"
  | "session_closed"
  | "process_ended"
  | "stdin_closed"
  | "exited_before_ready"
  | "timed_out"
  | "not_supported"
  | "shutting_down";

/** Options of {@linkcode SandboxError}. */
export interface SandboxErrorOptions extends ErrorOptions {
  /** Facts for programs, sent to the client beside the code. Never a host path or another client's data. */
  data?: Readonly<Record<string, unknown>>;
}

/**
 * An error whose message is meant for the client. Anything else that is thrown reaches the client as
 * "Internal error" with a reference id only.
 */
export class SandboxError extends Error {
  override readonly name: string = "SandboxError";
  /** What went wrong, as a word. */
  readonly code: SandboxErrorCode;
  /** Facts for programs. */
  readonly data: Readonly<Record<string, unknown>>;

  /** Makes an error of the given condition with a message that says what to do. */
  constructor(code: SandboxErrorCode, message: string, options: SandboxErrorOptions = {}) {
    super(message, options);
    this.code = code;
    this.data = options.data ?? {};
  }
}

/** A request whose params are well-formed JSON but not what the method takes. */
export class InvalidParamsError extends SandboxError {
  override readonly name = "InvalidParamsError";
  /** Every invalid value, in the order found. */
  readonly issues: readonly Issue[];

  /** Makes the error from its issues; the message names the first ones. */
  constructor(issues: readonly Issue[], options: ErrorOptions = {}) {
    super("invalid_params", describeIssues(issues), { ...options, data: { issues } });
    this.issues = issues;
  }
}

/** Options of {@linkcode CommandError}. */
export interface CommandErrorOptions extends ErrorOptions {
  /** What stood in the way, as a word: the system's, such as `ENOENT`, or ours. */
  readonly reason?: string | undefined;
}

/** A command that failed in the way the guide describes as a result, such as a missing file. */
export class CommandError extends Error {
  override readonly name = "CommandError";
  /** What stood in the way, where that is known. */
  readonly reason: string | undefined;

  /** Makes the error of a sentence for the client. */
  constructor(message: string, options: CommandErrorOptions = {}) {
    super(message, options);
    this.reason = options.reason;
  }
}

/** An archive that is refused: what was unpacked before stays. */
export class ArchiveError extends Error {
  override readonly name = "ArchiveError";
}

function describeIssues(issues: readonly Issue[]): string {
  const shown = issues.slice(0, 3).map(({ path, message }) =>
    path.length === 0 ? message : `${formatPath(path)}: ${message}`
  );
  const more = issues.length - shown.length;
  return shown.join("; ") + (more > 0 ? `; and ${more} more` : "");
}

/** Writes a path the way it is written in code: `command.args[0]`. */
export function formatPath(path: readonly (string | number)[]): string {
  return path.reduce<string>(
    (text, key) =>
      typeof key === "number" ? `${text}[${key}]` : text === "" ? key : `${text}.${key}`,
    "",
  );
}
