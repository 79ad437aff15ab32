import { SandboxError } from "../../errors.ts";
import type { OutputChunk } from "../../protocol/execution.ts";
import type { Screen, TerminalSize } from "../../protocol/terminal.ts";
import type { OutputCapture } from "../../runtimes/output_capture.ts";
import type { EmulatorTurns } from "./emulator_turns.ts";
import { TerminalEmulator } from "./terminal_emulator.ts";

/** The name under which it follows the output; connections have other ones. */
const FOLLOWER = "terminal screen";
/** A larger terminal has no screen: it would take too much memory and time. */
const MAX_CELLS = 250_000;
const MAX_LENGTH = 1024 * 1024;
/** Of a terminal that has ended, which is kept as long as its other results. */
const MAX_ENDED_LENGTH = 256 * 1024;

/** What {@linkcode TerminalScreen} follows. */
export type ScreenSource = Pick<OutputCapture, "subscribe" | "flush">;

/**
 * What a terminal shows now, for those who come later. It takes the output in the pieces in which it is
 * numbered, as fast as it can; what comes faster for long enough is missing, as it is for others.
 */
export class TerminalScreen {
  readonly #output: ScreenSource;
  readonly #turns: EmulatorTurns;
  #emulator: TerminalEmulator | undefined;
  /** The size that it is to have, and the one that it has. */
  #size: TerminalSize;
  #shownSize: TerminalSize;
  /** Output that it has taken and not shown. */
  #waiting: OutputChunk[] = [];
  #droppedBytes = 0;
  #isWorking = false;
  #takesAll = false;
  /** The chunk behind what is shown. */
  #shown = 0;
  /** Why there is nothing to be shown any more. */
  #problem: SandboxError | undefined;
  #snapshot: Promise<Screen> | undefined;
  #last: Screen | undefined;
  #following: Disposable | undefined;

  /** Begins to follow the output of a program that is to start. */
  constructor(output: ScreenSource, size: TerminalSize, turns: EmulatorTurns) {
    this.#output = output;
    this.#size = this.#shownSize = size;
    this.#turns = turns;
    this.#following = output.subscribe(FOLLOWER, (chunk) => this.#take(chunk), {
      from: 0,
      hasRoom: () => this.#takesAll || !this.#isWorking,
    });
    this.#checkSize();
  }

  /** Takes over the size of the terminal. */
  resize(size: TerminalSize): void {
    this.#size = size;
    this.#checkSize();
  }

  /** Whether there is something to be shown: of a very large terminal there is not. */
  get isKept(): boolean {
    return this.#problem === undefined;
  }

  /**
   * What the terminal shows after all output so far, and where that ends: what follows in the turn in which
   * this resolves misses nothing. Throws a `SandboxError` of code `not_supported` for a very large one.
   */
  snapshot(): Promise<Screen> {
    return this.#snapshot ??= this.#turns.take(() => this.#look(MAX_LENGTH))
      .finally(() => this.#snapshot = undefined);
  }

  /** Keeps what it shows in the end, once all output is there, and lets go of the rest. */
  async end(): Promise<void> {
    if (this.#problem !== undefined) return;
    try {
      await this.#turns.take(async () => {
        this.#last ??= await this.#look(MAX_ENDED_LENGTH);
        this.#dispose();
      });
    } catch {
      // Whoever asks for it is told.
    }
  }

  /** About how many bytes of memory it takes when it has ended. */
  get endedBytes(): number {
    return this.#problem === undefined ? MAX_ENDED_LENGTH : 0;
  }

  #take(chunk: OutputChunk): void {
    this.#waiting.push(chunk);
    if (this.#isWorking) return;
    this.#isWorking = true;
    const work = async () => void await this.#show();
    // Whoever asks for what is shown is told what went wrong.
    void this.#turns.take(work).catch(() => {}).finally(() => this.#isWorking = false);
  }

  /** Takes what has come and shows it; other output waits meanwhile. */
  async #look(maxLength: number): Promise<Screen> {
    if (this.#last !== undefined) return this.#last;
    if (this.#problem !== undefined) throw this.#problem;
    this.#isWorking = true;
    try {
      this.#takesAll = true;
      this.#output.flush();
      this.#takesAll = false;
      const emulator = await this.#show();
      const data = emulator.serialize(maxLength);
      const droppedBytes = this.#droppedBytes + emulator.droppedBytes;
      const dropped = droppedBytes > 0 ? { droppedBytes } : {};
      return { ...this.#shownSize, data, seq: this.#shown, ...dropped };
    } finally {
      this.#isWorking = false;
    }
  }

  async #show(): Promise<TerminalEmulator> {
    if (this.#problem !== undefined) throw this.#problem;
    try {
      const emulator = this.#emulator ??= await TerminalEmulator.open(this.#shownSize);
      for (let chunk = this.#waiting.shift(); chunk; chunk = this.#waiting.shift()) {
        this.#fit(emulator);
        this.#droppedBytes += chunk.droppedBytes ?? 0;
        await emulator.write(chunk.data);
        this.#shown = chunk.seq + 1;
      }
      this.#fit(emulator);
      return emulator;
    } catch (error) {
      const message = "Cannot show the screen: it was lost; attach with a seq instead";
      this.#giveUp(new SandboxError("not_supported", message, { cause: error }));
      this.#dispose();
      throw this.#problem;
    }
  }

  #fit(emulator: TerminalEmulator): void {
    const { cols, rows } = this.#size;
    if (cols === this.#shownSize.cols && rows === this.#shownSize.rows) return;
    this.#shownSize = this.#size;
    emulator.resize(this.#size);
  }

  #checkSize(): void {
    const { cols, rows } = this.#size;
    if (this.#problem !== undefined || cols * rows <= MAX_CELLS) return;
    const message = `Cannot show the screen: it is kept of terminals of at most ${MAX_CELLS} ` +
      "characters; attach with a seq instead";
    this.#giveUp(new SandboxError("not_supported", message));
    void this.#turns.take(() => this.#dispose());
  }

  #giveUp(problem: SandboxError): void {
    this.#problem = problem;
    this.#waiting = [];
    this.#following?.[Symbol.dispose]();
  }

  #dispose(): void {
    this.#following?.[Symbol.dispose]();
    this.#emulator?.[Symbol.dispose]();
    this.#emulator = undefined;
  }
}
