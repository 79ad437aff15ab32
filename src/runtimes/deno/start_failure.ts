import type { OutputSink } from "../runtime.ts";

/** More than a reason of the system has. */
const MAX_REASON_BYTES = 200;

/** Holds back what bubblewrap says when it cannot start a program, which is no output of that. */
export class StartFailure {
  readonly #program: string;
  readonly #words: string;
  readonly #sink: OutputSink;
  #held: string | undefined = "";

  /** Hands everything else on to `sink`. */
  constructor(program: string, sink: OutputSink) {
    this.#program = program;
    this.#words = `bwrap: execvp ${program}: `;
    this.#sink = sink;
  }

  /** Takes output. */
  readonly write: OutputSink = (stream, bytes) => {
    if (stream === "stdout" || this.#held === undefined) return this.#sink(stream, bytes);
    const text = this.#held + new TextDecoder().decode(bytes);
    if (this.#mayBe(text)) {
      this.#held = text;
      return;
    }
    this.#release();
    this.#sink(stream, bytes);
  };

  /** What kept the program from starting; undefined if it ran, and then it has all its output. */
  reason(exitCode: number): string | undefined {
    const held = this.#held ?? "";
    if (exitCode !== 1 || !held.startsWith(this.#words)) {
      this.#release();
      return undefined;
    }
    const reason = held.slice(this.#words.length).trim();
    if (reason === "No such file or directory") return `Program not found: ${this.#program}`;
    if (reason === "Permission denied") return `Permission denied: ${this.#program}`;
    return `The program could not be started: ${this.#program}: ${reason}`;
  }

  #mayBe(text: string): boolean {
    if (text.length < this.#words.length) return this.#words.startsWith(text);
    return text.startsWith(this.#words) && text.length < this.#words.length + MAX_REASON_BYTES;
  }

  #release(): void {
    const held = this.#held ?? "";
    this.#held = undefined;
    if (held !== "") this.#sink("stderr", new TextEncoder().encode(held));
  }
}
