import type { ImageProgress } from "../../src/runtimes/docker/engine/image_progress.ts";

/** How many lines of a step's output are shown when it fails. */
const TAIL_LINES = 40;
/** Steps can be commands of many lines, which the builder writes as one. */
const MAX_LINE_LENGTH = 160;
const STEP_REGEXP = /^Step (\d+\/\d+) : (.*)$/;

/** Options of {@linkcode BuildReporter}. */
export interface BuildReporterOptions {
  /** Whether all that is written is shown, not only which step is on. @default {false} */
  verbose?: boolean;
}

/** Writes how the build of one image goes on, each line with the image's name. */
export class BuildReporter {
  readonly #name: string;
  readonly #write: (line: string) => void;
  readonly #verbose: boolean;
  readonly #tail: string[] = [];
  #partial = "";

  /** Reports by lines to a function. */
  constructor(name: string, write: (line: string) => void, options: BuildReporterOptions = {}) {
    this.#name = name;
    this.#write = write;
    this.#verbose = options.verbose ?? false;
  }

  /** Takes what the engine says. */
  progress({ stream, status, id, progressDetail }: ImageProgress): void {
    if (stream !== undefined) this.#text(stream);
    // Counts of bytes come many times a second.
    if (status !== undefined && progressDetail?.current === undefined) {
      this.#line(id === undefined ? status : `${id}: ${status}`);
    }
  }

  /** Takes text, in pieces of any length. */
  #text(text: string): void {
    const lines = (this.#partial + text).split(/\r?\n/);
    this.#partial = lines.pop() ?? "";
    for (const line of lines) this.#line(line);
  }

  #line(text: string): void {
    // deno-lint-ignore no-control-regex -- the builder colours what steps write to stderr
    const line = text.replace(/\x1b\[[\d;]*m/g, "").trimEnd();
    if (line === "") return;
    this.#tail.push(line);
    if (this.#tail.length > TAIL_LINES) this.#tail.shift();
    const [, number, what = ""] = STEP_REGEXP.exec(line) ?? [];
    if (this.#verbose) this.say(line);
    else if (number !== undefined) this.say(shorten(`${number} ${what}`));
  }

  /** Writes a line of our own. */
  say(text: string): void {
    this.#write(`[${this.#name}] ${text}`);
  }

  /** Writes the end of what the steps wrote, unless it was shown. */
  showTail(): void {
    if (this.#verbose) return;
    for (const line of [...this.#tail, this.#partial]) {
      if (line !== "") this.say(`| ${shorten(line)}`);
    }
  }
}

/** Cuts the middle out of a line that is too long to be read. */
export function shorten(line: string): string {
  if (line.length <= MAX_LINE_LENGTH) return line;
  const half = (MAX_LINE_LENGTH - 3) / 2;
  return `${line.slice(0, Math.ceil(half))}...${line.slice(line.length - Math.floor(half))}`;
}
