import type { AgentFailCode, FailReport } from "./protocol.ts";

/** What a {@linkcode RequestFailure} knows besides its code. */
export interface RequestFailureOptions extends ErrorOptions {
  /** Which of the request's paths is at fault. */
  readonly path?: string;
  /** How many bytes were asked for. */
  readonly size?: number;
}

/** A request that cannot be done; nobody but its sender needs to know. */
export class RequestFailure extends Error {
  override readonly name = "RequestFailure";
  /** Why, as a word. */
  readonly code: AgentFailCode;
  readonly #options: RequestFailureOptions;

  /** Makes the failure of a code. */
  constructor(code: AgentFailCode, message: string, options: RequestFailureOptions = {}) {
    super(message, options);
    this.code = code;
    this.#options = options;
  }

  /** What is sent of it. */
  get report(): FailReport {
    const { code, message } = this;
    const { path, size } = this.#options;
    return {
      code,
      message,
      ...(path !== undefined && { path }),
      ...(size !== undefined && { size }),
    };
  }
}

/** Those that Deno leaves without a word (errno(3), Linux). */
const ERRNO: Readonly<Record<string, AgentFailCode>> = {
  1: "EPERM",
  2: "ENOENT",
  5: "EIO",
  6: "ENXIO",
  7: "E2BIG",
  8: "ENOEXEC",
  11: "EAGAIN",
  12: "ENOMEM",
  13: "EACCES",
  16: "EBUSY",
  20: "ENOTDIR",
  21: "EISDIR",
  22: "EINVAL",
  23: "ENFILE",
  24: "EMFILE",
  26: "ETXTBSY",
  27: "EFBIG",
  28: "ENOSPC",
  30: "EROFS",
  39: "ENOTEMPTY",
  40: "ELOOP",
  122: "EDQUOT",
};

/** The system's word for an error, such as `ENOENT`; undefined if it is not the system's. */
export function systemCode(error: unknown): AgentFailCode | undefined {
  if (error instanceof RequestFailure) return error.code;
  if (!(error instanceof Error)) return undefined;
  if ("code" in error && typeof error.code === "string" && error.code.startsWith("E")) {
    return error.code as AgentFailCode;
  }
  const number = /\(os error (\d+)\)/.exec(error.message)?.[1];
  return number === undefined ? undefined : ERRNO[number];
}

/** Anything that was thrown, as a failure; `path` is at fault if it does not know better. */
export function toFailure(error: unknown, path?: string): RequestFailure {
  if (error instanceof RequestFailure && (path === undefined || error.report.path !== undefined)) {
    return error;
  }
  const size = error instanceof RequestFailure ? error.report.size : undefined;
  const message = error instanceof Error ? error.message : String(error);
  return new RequestFailure(systemCode(error) ?? "INTERNAL", message, {
    cause: error,
    ...(path !== undefined && { path }),
    ...(size !== undefined && { size }),
  });
}

/** Does what may fail because of `path`, and names it in what is thrown. */
export function blaming<T>(path: string, action: () => T): T {
  try {
    return action();
  } catch (error) {
    throw toFailure(error, path);
  }
}
