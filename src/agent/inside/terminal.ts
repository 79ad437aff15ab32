import type { TerminalSize } from "./protocol.ts";
import {
  closeFile,
  noTerminal,
  openTerminal,
  POLLIN,
  POLLOUT,
  readFile,
  readsLines,
  setSize,
  writeFile,
} from "./terminal_calls.ts";
import { TerminalPoll } from "./terminal_poll.ts";

/** What ends the input of whoever reads from a terminal, as it is typed. */
const END_OF_INPUT = 4;
const NEW_LINE = 10;
/** How often it is typed, since each ends one reading only. */
const END_AGAIN_MS = 200;
/** How long nobody may have the other end while the program still runs, before it is looked at again. */
const UNUSED_MS = 50;

const polls = new TerminalPoll();

/** A terminal, seen from the side of who looks at it and types. */
export class Terminal {
  /** The other end, for the program. */
  readonly path: string;
  /** What is shown. */
  readonly output: ReadableStream<Uint8Array<ArrayBuffer>>;
  /** What is typed; when it is closed, the end of input is, until the terminal is. */
  readonly input: WritableStream<Uint8Array<ArrayBuffer>>;
  readonly #fd: number;
  #lastByte = NEW_LINE;
  #isHungUp = false;
  #isClosed = false;

  private constructor(fd: number, path: string) {
    this.#fd = fd;
    this.path = path;
    this.output = new ReadableStream({
      type: "bytes",
      pull: (controller) => this.#pull(controller),
    });
    this.input = new WritableStream({
      write: (bytes) => this.#write(bytes),
      close: () => this.#endInput(),
    });
  }

  /** Opens one. Throws a `RequestFailure` of code `NO_TERMINAL` if there is none to be had. */
  static open(size: TerminalSize, launcher: string | undefined): Terminal {
    if (launcher === undefined) {
      throw noTerminal("There is no launcher for this kind of machine, which a terminal takes");
    }
    const { fd, path } = openTerminal();
    setSize(fd, size);
    return new Terminal(fd, path);
  }

  /** Changes its size. */
  resize(size: TerminalSize): void {
    if (!this.#isClosed) setSize(this.#fd, size);
  }

  /** Says that its program has ended: when nobody has the other end any more, the output is at its end. */
  hangUp(): void {
    this.#isHungUp = true;
  }

  /** Takes it away from those who still have the other end. */
  close(): void {
    if (this.#isClosed) return;
    this.#isClosed = true;
    polls.forget(this.#fd);
    closeFile(this.#fd);
  }

  async #pull(controller: ReadableByteStreamController): Promise<void> {
    const request = controller.byobRequest;
    const view = request?.view;
    if (request === null || !(view instanceof Uint8Array)) {
      throw new TypeError("Cannot read from a terminal without a buffer");
    }
    const count = await this.#read(view);
    if (count > 0) return request.respond(count);
    controller.close();
    request.respond(0);
  }

  /** Reads at least one byte, and what else is there; 0 at the end. */
  async #read(buffer: Uint8Array<ArrayBuffer>): Promise<number> {
    do {
      let length = 0;
      while (length < buffer.length && !this.#isClosed) {
        const count = readFile(this.#fd, buffer.subarray(length));
        if (count <= 0) break;
        length += count;
      }
      if (length > 0) return length;
    } while (await this.#until(POLLIN));
    return 0;
  }

  async #write(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    for (let rest = bytes; rest.length > 0 && !this.#isClosed;) {
      const count = writeFile(this.#fd, rest);
      if (count > 0) {
        this.#lastByte = rest[count - 1]!;
        rest = rest.subarray(count);
      } else if (!await this.#until(POLLOUT)) return;
    }
  }

  /** A line that has not ended is what the first end of input ends. */
  async #endInput(): Promise<void> {
    const isWithinLine = this.#lastByte !== NEW_LINE && readsLines(this.#fd);
    if (isWithinLine) await this.#write(new Uint8Array([END_OF_INPUT]));
    while (!this.#isClosed && !this.#isHungUp) {
      await this.#write(new Uint8Array([END_OF_INPUT]));
      await new Promise((resolve) => setTimeout(resolve, END_AGAIN_MS));
    }
  }

  /** Waits for an event; false if there will be none. */
  async #until(event: number): Promise<boolean> {
    if (this.#isClosed) return false;
    const events = await polls.wait(this.#fd, event);
    if (this.#isClosed) return false;
    if ((events & event) === 0) {
      if (this.#isHungUp) return false;
      // Nobody has the other end: the program has let go of its terminal, but may take it again.
      await new Promise((resolve) => setTimeout(resolve, UNUSED_MS));
    }
    return !this.#isClosed;
  }
}
