import { EngineError } from "./engine_error.ts";

/** Options of {@linkcode jsonStream}. */
export interface JsonStreamOptions<T> {
  /** What an error says could not be done. */
  readonly action: string;
  /** Looks at each value before it is handed on; what it throws ends the stream. */
  readonly check?: (value: T) => void;
  /** Called at the end; what it throws is how the stream ends. */
  readonly atEnd?: () => void;
  /** Bytes that a value may have. @default {1_048_576} */
  readonly maxValueBytes?: number;
}

/** Reads values that come one a line. Nothing is read ahead, and cancelling it ends the call. */
export function jsonStream<T>(
  body: ReadableStream<Uint8Array>,
  options: JsonStreamOptions<T>,
): ReadableStream<T> {
  const { action, check, atEnd, maxValueBytes = 1024 * 1024 } = options;
  const reader = body.getReader();
  const lines = new Lines(action, maxValueBytes);
  return new ReadableStream<T>({
    async pull(controller) {
      try {
        const line = await nextLine(reader, lines);
        if (line === undefined) {
          atEnd?.();
          return controller.close();
        }
        const value = parse<T>(line, action);
        check?.(value);
        controller.enqueue(value);
      } catch (error) {
        // Whatever failed, the call is over; a body that failed itself has nothing to cancel.
        await reader.cancel(error).catch(() => {});
        throw error;
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}

/** Text that comes in pieces, as lines. */
class Lines {
  readonly #action: string;
  readonly #maxLength: number;
  readonly #decoder = new TextDecoder();
  readonly #lines: string[] = [];
  #partial = "";

  constructor(action: string, maxLength: number) {
    this.#action = action;
    this.#maxLength = maxLength;
  }

  write(bytes: Uint8Array): void {
    const [first = "", ...others] = this.#decoder.decode(bytes, { stream: true }).split("\n");
    const parts = [this.#partial + first, ...others];
    this.#partial = parts.pop() ?? "";
    this.#lines.push(...parts);
    if (this.#partial.length > this.#maxLength) {
      const detail = `the Docker engine sent a value of more than ${this.#maxLength} bytes`;
      throw new EngineError("protocol", this.#action, detail);
    }
  }

  /** The next line with something on it. */
  take(): string | undefined {
    while (this.#lines.length > 0) {
      const line = this.#lines.shift()!.trim();
      if (line !== "") return line;
    }
  }

  end(): void {
    this.#lines.push(this.#partial + this.#decoder.decode());
    this.#partial = "";
  }
}

async function nextLine(
  reader: ReadableStreamDefaultReader<Uint8Array>,
  lines: Lines,
): Promise<string | undefined> {
  while (true) {
    const line = lines.take();
    if (line !== undefined) return line;
    const { done, value } = await reader.read();
    if (!done) lines.write(value);
    else {
      lines.end();
      return lines.take();
    }
  }
}

function parse<T>(line: string, action: string): T {
  try {
    return JSON.parse(line) as T;
  } catch (cause) {
    const detail = "the Docker engine sent something that is not JSON";
    throw new EngineError("protocol", action, detail, { cause });
  }
}
