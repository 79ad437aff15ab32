import type { OutputChunk } from "../protocol/execution.ts";

/** Characters of a line that are kept. */
export const MAX_LINE_LENGTH = 16 * 1024;

interface Lane {
  /** What came of the line so far; undefined if its beginning is missing. */
  line: string | undefined;
}

/** Makes lines of a program's output. Of a line longer than 16 Ki characters only the beginning is kept. */
export class OutputLines {
  readonly #lanes = new Map<OutputChunk["stream"], Lane>();
  #nextSeq: number;

  /** Takes chunks from a number on, of one stream or of both. */
  constructor(nextSeq: number, stream: OutputChunk["stream"] | undefined) {
    this.#nextSeq = nextSeq;
    for (const name of ["stdout", "stderr"] as const) {
      if ((stream ?? name) === name) this.#lanes.set(name, { line: "" });
    }
  }

  /** Returns the lines that are whole with a chunk. */
  push({ stream, data, seq }: OutputChunk): string[] {
    // Nobody knows how the lines began that go on behind a gap.
    if (seq !== this.#nextSeq) this.#lanes.forEach((lane) => lane.line = undefined);
    this.#nextSeq = seq + 1;
    const lane = this.#lanes.get(stream);
    if (lane === undefined) return [];
    const parts = data.split("\n");
    const lines: string[] = [];
    for (const [index, part] of parts.entries()) {
      if (lane.line !== undefined) lane.line = (lane.line + part).slice(0, MAX_LINE_LENGTH);
      if (index === parts.length - 1) break;
      if (lane.line !== undefined) lines.push(withoutReturn(lane.line));
      lane.line = "";
    }
    return lines;
  }

  /** Returns what the program left without a line end. */
  end(): string[] {
    return [...this.#lanes.values()].flatMap(({ line }) =>
      line === undefined || line === "" ? [] : [withoutReturn(line)]
    );
  }
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
