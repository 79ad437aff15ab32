/** What every call to the engine takes. */
export interface CallOptions {
  /** Ends the call; it then throws the signal's reason. */
  signal?: AbortSignal | undefined;
  /** Milliseconds until the call is given up. Each call has a default of its own. */
  timeoutMs?: number | undefined;
}

/** A value of a query; a list stands for a key that is repeated, undefined for one that is left out. */
export type QueryValue = string | number | boolean | readonly string[] | undefined;

/** The keys and values after the `?`. */
export type Query = Readonly<Record<string, QueryValue>>;

/** One call to the engine. */
export interface EngineRequest extends CallOptions {
  /** What is being done, as it stands in "Cannot …": `start container "x"`. */
  readonly action: string;
  readonly method: "GET" | "HEAD" | "POST" | "PUT" | "DELETE";
  /** The path below the version, made by `enginePath`. */
  readonly path: string;
  readonly query?: Query | undefined;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  /** A value that is sent as JSON. */
  readonly json?: unknown;
  /** A tar archive that is sent as it comes. Whatever becomes of the call, it is read to its end or cancelled. */
  readonly upload?: ReadableStream<Uint8Array> | undefined;
  /** Milliseconds where the caller says nothing. @default {30_000} */
  readonly defaultTimeoutMs?: number | undefined;
  /** What the time bounds: all of the answer, or only its head for answers without an end. @default {"all"} */
  readonly timeoutCovers?: "all" | "head" | undefined;
  /** Statuses beside 2xx that mean it is done. */
  readonly accept?: readonly number[] | undefined;
}

/** Milliseconds for calls that only look something up or note something down. */
export const SHORT_CALL_MS = 30_000;

/** Milliseconds for calls that start or end processes or remove files. */
export const LONG_CALL_MS = 120_000;

/** Milliseconds for calls that move archives. */
export const TRANSFER_MS = 600_000;

/** Milliseconds for calls that make images. */
export const IMAGE_MS = 3_600_000;

/** Writes a query with its `?`; an empty one is an empty text. */
export function formatQuery(query: Query = {}): string {
  const params = new URLSearchParams();
  for (const [key, value] of Object.entries(query)) {
    for (const one of Array.isArray(value) ? value as readonly string[] : [value]) {
      if (one === undefined) continue;
      params.append(key, typeof one === "boolean" ? (one ? "1" : "0") : String(one));
    }
  }
  return params.size === 0 ? "" : `?${params}`;
}
