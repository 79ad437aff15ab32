import type { Terminal } from "@xterm/headless";
import type { SerializeAddon } from "@xterm/addon-serialize";
import type { TerminalSize } from "../../protocol/terminal.ts";
import { Turns } from "../turns.ts";
import { TerminalFilter } from "./terminal_filter.ts";

/** Rows that were scrolled out and are kept, where the rows are short. */
const MAX_SCROLLBACK = 1000;
const MAX_SCROLLBACK_CELLS = 100_000;
const MARKS = /[\p{M}\p{Cf}]/gu;

/** What its own asynchronous writing uses. An error in that is thrown where nobody can catch it. */
interface Core {
  writeSync(data: string): void;
}

/** Knows what a terminal shows by what was written to it. */
export class TerminalEmulator implements Disposable {
  readonly #terminal: Terminal;
  readonly #core: Core;
  readonly #end = new AbortController();
  readonly #serializer: SerializeAddon;
  readonly #filter: TerminalFilter;

  private constructor(terminal: Terminal, serializer: SerializeAddon, size: TerminalSize) {
    this.#terminal = terminal;
    this.#core = (terminal as unknown as { readonly _core: Core })._core;
    this.#serializer = serializer;
    this.#filter = new TerminalFilter(size);
  }

  /** Makes an empty terminal. What that takes is loaded with the first. */
  static async open(size: TerminalSize): Promise<TerminalEmulator> {
    const [headless, serialize] = await Promise.all([
      import("@xterm/headless"),
      import("@xterm/addon-serialize"),
    ]);
    const terminal = new headless.default.Terminal({
      ...size,
      scrollback: scrollbackOf(size),
      allowProposedApi: true,
      logLevel: "off",
    });
    const serializer = new serialize.default.SerializeAddon();
    // Its types are those of the terminal for browsers, of which it uses what both have.
    terminal.loadAddon(serializer as unknown as Parameters<Terminal["loadAddon"]>[0]);
    return new TerminalEmulator(terminal, serializer, size);
  }

  /** Takes output; resolves when it is shown. Other work is let in between every few milliseconds. */
  async write(text: string): Promise<void> {
    const turns = new Turns(this.#end.signal);
    for (const piece of this.#filter.push(text)) {
      this.#core.writeSync(piece);
      await turns.next();
    }
  }

  /** Bytes of output that were not shown because that would have been too much work. */
  get droppedBytes(): number {
    return this.#filter.omitted;
  }

  /** Changes the size. */
  resize(size: TerminalSize): void {
    this.#filter.resize(size);
    this.#terminal.resize(size.cols, size.rows);
    this.#terminal.options.scrollback = scrollbackOf(size);
  }

  /**
   * What another terminal is to be told to show the same: as much of it as fits into `maxLength` characters,
   * first without what was scrolled out, then without colours.
   */
  serialize(maxLength: number): string {
    for (const options of [undefined, { scrollback: 0 }]) {
      const data = this.#serializer.serialize(options);
      if (data.length <= maxLength) return data;
    }
    return this.#plainText().slice(0, maxLength);
  }

  /** Lets go of it. */
  [Symbol.dispose](): void {
    this.#end.abort();
    this.#terminal.dispose();
  }

  #plainText(): string {
    const { active } = this.#terminal.buffer;
    const lines = Array.from(
      { length: this.#terminal.rows },
      (_, row) => active.getLine(active.baseY + row)?.translateToString(true) ?? "",
    );
    const cursor = `\x1b[${active.cursorY + 1};${active.cursorX + 1}H`;
    return lines.join("\r\n").replace(MARKS, "") + cursor;
  }
}

function scrollbackOf({ cols }: TerminalSize): number {
  return Math.min(MAX_SCROLLBACK, Math.floor(MAX_SCROLLBACK_CELLS / cols));
}
