/** A value that a cell showed, in every form that it offers: MIME type to content. */
export type MimeBundle = Record<string, unknown>;

/** What a cell threw. */
export interface CellError {
  readonly name: string;
  readonly value: string;
  readonly traceback: string;
}

/** What a cell showed. */
export interface CellResults {
  readonly results: MimeBundle[];
  /** Results that were too large together and are not there. */
  readonly droppedResults: number;
}

const MAX_COUNT = 1000;
const MAX_WORD = 1000;
const MAX_TEXT = 256 * 1024;
const MIME_REGEXP = /^[\w.+-]{1,100}\/[\w.+;= -]{1,100}$/;

/** Collects the results of one cell within a bound. */
export class ResultList {
  readonly #maxBytes: number;
  readonly #results: MimeBundle[] = [];
  #bytes = 0;
  #dropped = 0;

  /** Keeps what takes `maxBytes` of JSON in all. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** Takes what a kernel says is a bundle; what is none is left out. */
  add(data: unknown): void {
    if (typeof data !== "object" || data === null) return;
    const bundle: MimeBundle = {};
    for (const [mime, content] of Object.entries(data)) {
      const fits = typeof content === "string" || mime.endsWith("json");
      if (fits && MIME_REGEXP.test(mime)) bundle[mime] = content;
    }
    if (typeof bundle["text/plain"] !== "string") bundle["text/plain"] = "";
    const bytes = JSON.stringify(bundle).length;
    if (this.#bytes + bytes > this.#maxBytes || this.#results.length >= MAX_COUNT) {
      return this.drop();
    }
    this.#bytes += bytes;
    this.#results.push(bundle);
  }

  /** Counts one that was too large. */
  drop(): void {
    this.#dropped++;
  }

  /** What was kept. */
  finish(): CellResults {
    return { results: this.#results, droppedResults: this.#dropped };
  }
}

/** Reads what a kernel says of an error; code can make it say anything. */
export function readCellError(error: unknown): CellError {
  const { name, value, traceback } = (error ?? {}) as Record<string, unknown>;
  return {
    name: asText(name, "Error", MAX_WORD),
    value: asText(value, "", MAX_TEXT),
    traceback: asText(traceback, "", MAX_TEXT),
  };
}

function asText(value: unknown, fallback: string, limit: number): string {
  return typeof value === "string" ? value.slice(0, limit) : fallback;
}
