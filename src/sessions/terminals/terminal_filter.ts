import type { TerminalSize } from "../../protocol/terminal.ts";
import { controlSequence, type SafeSequence } from "./control_sequence.ts";

const ESCAPE = "\x1b";
const CANCELS = "\x18\x1a";
/** What begins or is a sequence, 8-bit controls included. */
// deno-lint-ignore no-control-regex -- these are what it is about
const SPECIAL = /[\x1b\x80-\x9f]/g;
// deno-lint-ignore no-control-regex -- these are what it is about
const ONLY_ASCII = /^[\x00-\x7f]*$/;
/** Everything that an emulator may put into the cell of the character before it. */
const ZERO_WIDTH = /[\p{M}\p{Cf}\u06de\u1160-\u11ff]+/gu;
const ENDS_WITH_MARK = /[\p{M}\p{Cf}\u06de\u1160-\u11ff]$/u;
/** Marks at one character. */
const MAX_MARKS = 8;
/** The last character with its marks; a control is none. */
const LAST_CHARACTER = /[^\p{M}\p{Cf}\p{Cc}][\p{M}\p{Cf}\u06de\u1160-\u11ff]*$/u;
/** Marks in all: a cell can be returned to, and has no bound of its own. */
const MARK_BUDGET = 1_000_000;
const MAX_SEQUENCE_LENGTH = 256;
/** Characters of a piece, and the work that it may be. */
const PIECE_LENGTH = 2048;
const PIECE_COST = 100_000;
/** The work that a character brings with it at most, and how much of that may be saved up: about 0.1 s. */
const WORK_PER_CHARACTER = 200;
const MAX_WORK = 5_000_000;

/** Sequences of two characters that change what is shown, and nothing beyond it. */
const ESCAPES = new Set("78DEHM=>cNOno|}~");
const COSTLY_ESCAPES = new Set("c");
/** Those that designate a character set; another character follows. */
const DESIGNATIONS = /^[()*+\-./%]$/;
/** The 8-bit controls that are one of those. */
const SINGLE_CONTROLS = new Set("\x84\x85\x88\x8d\x8e\x8f");
const STRINGS = new Set("\x90\x98\x9d\x9e\x9f");
const STRING_ESCAPES = new Set("PX]^_");

type State = "text" | "escape" | "control" | "string";

/**
 * Makes the output of hostile programs safe for an emulator that is made for those of its own user: lets
 * through what changes the screen, and takes from it what costs more memory or time than its length.
 * Titles, links, questions and whatever nobody knows are left out; none of them is seen.
 */
export class TerminalFilter {
  #size: TerminalSize;
  #state: State = "text";
  /** Of a sequence, what came so far. */
  #sequence = "";
  #isCommand = false;
  /** The last character shown, for those who want it again. */
  #last = "";
  #marks = 0;
  #marksLeft = MARK_BUDGET;
  #work = MAX_WORK;
  #omitted = 0;
  #pieces: string[] = [];
  #piece = "";
  #cost = 0;

  /** Begins with an empty terminal. */
  constructor(size: TerminalSize) {
    this.#size = size;
  }

  /** Says that the size is another from now on. */
  resize(size: TerminalSize): void {
    this.#size = size;
  }

  /** Characters of sequences that were left out because they were too much work. */
  get omitted(): number {
    return this.#omitted;
  }

  /** Takes the next output, split anywhere, and returns pieces for the emulator, each little work. */
  push(text: string): string[] {
    this.#work = Math.min(MAX_WORK, this.#work + WORK_PER_CHARACTER * text.length);
    for (let at = 0; at < text.length;) {
      at = this.#state === "text" ? this.#takeText(text, at) : this.#takeControl(text, at);
    }
    this.#cut();
    const pieces = this.#pieces;
    this.#pieces = [];
    return pieces;
  }

  #takeText(text: string, at: number): number {
    SPECIAL.lastIndex = at;
    const end = SPECIAL.exec(text)?.index ?? text.length;
    if (end > at) this.#show(text.slice(at, end));
    if (end < text.length) this.#begin(text[end]!);
    return end + 1;
  }

  #begin(character: string): void {
    this.#sequence = "";
    this.#isCommand = character === "\x9d";
    if (character === ESCAPE) this.#state = "escape";
    else if (character === "\x9b") this.#state = "control";
    else if (STRINGS.has(character)) this.#state = "string";
    else {
      this.#state = "text";
      if (SINGLE_CONTROLS.has(character)) this.#emit({ text: character, cost: 1 });
    }
  }

  #takeControl(text: string, at: number): number {
    const character = text[at]!;
    if (character === ESCAPE || (character >= "\x80" && character <= "\x9f")) {
      this.#begin(character);
    } else if (CANCELS.includes(character)) {
      this.#state = "text";
    } else if (this.#state === "string") {
      // The rest of it is skipped.
      if (character === "\x07" && this.#isCommand) this.#state = "text";
    } else if (character < " ") {
      // Done at once, in the midst of a sequence.
      this.#emit({ text: character, cost: 1 });
    } else if (this.#state === "escape") {
      this.#takeEscape(character);
    } else if (character >= "@" && character <= "~") {
      this.#endControl(character);
    } else if (this.#sequence.length <= MAX_SEQUENCE_LENGTH) {
      this.#sequence += character;
    }
    return at + 1;
  }

  #takeEscape(character: string): void {
    if (character >= " " && character <= "/") {
      if (this.#sequence.length <= MAX_SEQUENCE_LENGTH) this.#sequence += character;
      return;
    }
    const between = this.#sequence;
    if (between === "" && character === "[") {
      this.#state = "control";
    } else if (between === "" && STRING_ESCAPES.has(character)) {
      this.#state = "string";
      this.#isCommand = character === "]";
    } else {
      this.#state = "text";
      this.#endEscape(between, character);
    }
  }

  #endEscape(between: string, character: string): void {
    const isFill = between === "#" && character === "8";
    const isKnown = between === "" ? ESCAPES.has(character) : DESIGNATIONS.test(between);
    if (!isKnown && !isFill || character > "~") return;
    const cost = isFill || COSTLY_ESCAPES.has(character) ? this.#cells : 1;
    this.#emit({ text: ESCAPE + between + character, cost });
  }

  #endControl(final: string): void {
    this.#state = "text";
    if (this.#sequence.length > MAX_SEQUENCE_LENGTH) return;
    if (final === "b" && /^\d*$/.test(this.#sequence)) return this.#repeat(Number(this.#sequence));
    const safe = controlSequence(this.#sequence, final, this.#size);
    if (safe !== undefined) this.#emit(safe);
  }

  /** Shows the last character again: an emulator would repeat all that is in its cell, however often. */
  #repeat(count: number): void {
    const { cols } = this.#size;
    const last = this.#last;
    if (last !== "") this.#show(last.repeat(Math.min(cols, Math.max(1, count))));
    this.#last = "";
  }

  #show(text: string): void {
    const shown = ONLY_ASCII.test(text) ? text : this.#withFewMarks(text);
    if (shown === "") return;
    if (!ENDS_WITH_MARK.test(shown)) this.#marks = 0;
    this.#last = LAST_CHARACTER.exec(this.#last + shown.slice(-2 * MAX_MARKS - 4))?.[0] ?? "";
    for (let at = 0; at < shown.length; at += PIECE_LENGTH) {
      const piece = shown.slice(at, at + PIECE_LENGTH);
      this.#put(piece, piece.length);
    }
  }

  #withFewMarks(text: string): string {
    return text.replace(ZERO_WIDTH, (marks, at: number) => {
      // What comes first may be at a character that was shown before.
      if (at > 0) this.#marks = 0;
      const room = Math.min(MAX_MARKS - this.#marks, this.#marksLeft);
      const kept = [...marks].slice(0, Math.max(0, room));
      this.#marks += kept.length;
      this.#marksLeft -= kept.length;
      return kept.join("");
    });
  }

  #emit({ text, cost }: SafeSequence): void {
    this.#last = "";
    if (cost > this.#work) {
      this.#omitted += text.length;
      return;
    }
    this.#work -= cost;
    this.#put(text, cost);
  }

  #put(text: string, cost: number): void {
    if (this.#piece.length + text.length > PIECE_LENGTH || this.#cost + cost > PIECE_COST) {
      this.#cut();
    }
    this.#piece += text;
    this.#cost += cost;
  }

  #cut(): void {
    if (this.#piece !== "") this.#pieces.push(this.#piece);
    this.#piece = "";
    this.#cost = 0;
  }

  get #cells(): number {
    return this.#size.cols * this.#size.rows;
  }
}
