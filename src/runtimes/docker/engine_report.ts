/** What {@linkcode PROGRAM_SCRIPT} says between a program's output, word by word. */
export type ReportWords = readonly string[];

/** What {@linkcode ReportScanner} hands on. */
export interface ReportScannerOptions {
  /** What our words begin with. */
  readonly token: string;
  /** Takes what the program wrote; the bytes are a part of what was fed. */
  readonly onOutput: (bytes: Uint8Array) => void;
  /** Takes words of ours. */
  readonly onWords: (words: ReportWords) => void;
}

const MAX_LINE_BYTES = 512;
const MAX_STRANGE_BYTES = 4096;
const NOTHING = new Uint8Array(0);
const NEWLINE = 10;

/**
 * Tells our words from a program's output. Until the first of them nothing is the program's: an engine
 * that cannot start a program says so where its output would be.
 */
export class ReportScanner {
  readonly #token: Uint8Array;
  readonly #options: ReportScannerOptions;
  #held: Uint8Array = NOTHING;
  #began = false;
  #strange = "";

  /** Looks for words that begin with a token. */
  constructor(options: ReportScannerOptions) {
    this.#options = options;
    this.#token = new TextEncoder().encode(options.token);
  }

  /** Whether there was any word of ours. */
  get began(): boolean {
    return this.#began;
  }

  /** What came before any word of ours: the engine's complaint. */
  get strange(): string {
    return this.#strange;
  }

  /** Takes the next bytes, split anywhere. */
  write(bytes: Uint8Array): void {
    let rest = this.#held.length === 0 ? bytes : joined(this.#held, bytes);
    this.#held = NOTHING;
    while (rest.length > 0) {
      const at = this.#find(rest);
      if (at > 0) this.#pass(rest.subarray(0, at));
      rest = rest.subarray(at);
      if (rest.length === 0) return;
      const end = rest.length < this.#token.length ? -1 : rest.indexOf(NEWLINE);
      if (end < 0) {
        if (rest.length > MAX_LINE_BYTES) return this.#pass(rest);
        this.#held = rest.slice();
        return;
      }
      this.#word(rest.subarray(this.#token.length, end));
      rest = rest.subarray(end + 1);
    }
  }

  /** Takes the end: what looked like the beginning of the token was none. */
  end(): void {
    const held = this.#held;
    this.#held = NOTHING;
    if (held.length > 0) this.#pass(held);
  }

  #word(bytes: Uint8Array): void {
    this.#began = true;
    this.#options.onWords(new TextDecoder().decode(bytes).trim().split(" "));
  }

  #pass(bytes: Uint8Array): void {
    if (this.#began) return this.#options.onOutput(bytes);
    if (this.#strange.length < MAX_STRANGE_BYTES) this.#strange += new TextDecoder().decode(bytes);
  }

  /** Where the token begins, or may begin at the end; the length if it does not. */
  #find(bytes: Uint8Array): number {
    const token = this.#token;
    const [first = 0] = token;
    for (let at = bytes.indexOf(first); at >= 0; at = bytes.indexOf(first, at + 1)) {
      const length = Math.min(token.length, bytes.length - at);
      let same = 1;
      while (same < length && bytes[at + same] === token[same]) same++;
      if (same === length) return at;
    }
    return bytes.length;
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(first.length + second.length);
  bytes.set(first);
  bytes.set(second, first.length);
  return bytes;
}
