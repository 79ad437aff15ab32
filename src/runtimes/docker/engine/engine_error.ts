/** What kept a call to the engine from being done, as a word to branch on. */
export type EngineErrorKind =
  | "not_found"
  | "conflict"
  | "bad_request"
  | "unavailable"
  | "timeout"
  | "server_error"
  | "protocol";

/** Options of {@linkcode EngineError}. */
export interface EngineErrorOptions extends ErrorOptions {
  /** The status of the engine's answer, where there was one. */
  status?: number;
}

/**
 * A call to the Docker engine that was not done. A call that is aborted throws the reason of its signal
 * instead, as it is.
 */
export class EngineError extends Error {
  override readonly name = "EngineError";
  /** What went wrong, as a word. */
  readonly kind: EngineErrorKind;
  /** What went wrong, in words: the engine's own where it answered. */
  readonly detail: string;
  /** The status of the engine's answer; undefined if there was none. */
  readonly status: number | undefined;

  /** Makes an error that reads "Cannot `action`: `detail`". */
  constructor(
    kind: EngineErrorKind,
    action: string,
    detail: string,
    options: EngineErrorOptions = {},
  ) {
    super(`Cannot ${action}: ${detail}`, options);
    this.kind = kind;
    this.detail = detail;
    this.status = options.status;
  }

  /** The same error of a call that needed the one that failed. */
  during(action: string): EngineError {
    const status = this.status === undefined ? {} : { status: this.status };
    return new EngineError(this.kind, action, this.detail, { cause: this, ...status });
  }
}

/** Whether a thrown value is an {@linkcode EngineError} of that kind. */
export function isEngineError(error: unknown, kind: EngineErrorKind): error is EngineError {
  return error instanceof EngineError && error.kind === kind;
}

/** Makes the error of an answer that says the call was not done. */
export function refusal(action: string, status: number, body: string): EngineError {
  return new EngineError(kindOf(status), action, engineMessage(status, body), { status });
}

function kindOf(status: number): EngineErrorKind {
  if (status === 404) return "not_found";
  if (status === 409) return "conflict";
  if (status >= 400 && status < 500) return "bad_request";
  // A redirect or a success that the call does not know is no answer of an engine that we speak to.
  return status >= 500 ? "server_error" : "protocol";
}

function engineMessage(status: number, body: string): string {
  try {
    const { message } = JSON.parse(body) as { message?: unknown };
    if (typeof message === "string" && message !== "") return message;
  } catch {
    // Not every answer is JSON: a proxy in between or an old engine writes plain text.
  }
  return body.trim() || `the Docker engine answered with status ${status}`;
}
