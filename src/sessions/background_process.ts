import { CommandError, SandboxError } from "../errors.ts";
import type { TerminalSize } from "../protocol/terminal.ts";
import type { ProcessControl, SignalTarget } from "../runtimes/runtime.ts";
import type { TerminalScreen } from "./terminals/terminal_screen.ts";

/** When a client that found the input full may try again. */
const RETRY_AFTER_MS = 500;

/** What makes a {@linkcode BackgroundProcess}. */
export interface BackgroundProcessOptions {
  /** The program, as the client named it. */
  readonly command: string;
  readonly args: readonly string[];
  /** Whether its standard input stays open for what is written to it. */
  readonly takesInput: boolean;
  /** Bytes that may wait to be read by it, though one write may always. */
  readonly maxWaitingBytes: number;
  /** Its terminal, if it has one. */
  readonly terminal?: ProcessTerminal | undefined;
}

/** The terminal of a {@linkcode BackgroundProcess}. */
export interface ProcessTerminal {
  readonly size: TerminalSize;
  readonly screen: Pick<TerminalScreen, "resize" | "snapshot" | "end" | "isKept" | "endedBytes">;
}

/** The program of an execution that runs in the background, in the hands of its clients. */
export class BackgroundProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly #maxWaitingBytes: number;
  readonly #control = Promise.withResolvers<ProcessControl>();
  #terminal: ProcessTerminal | undefined;
  #pid: number | undefined;
  #takesInput: boolean;
  #waitingBytes = 0;
  #hasEnded = false;

  /** Makes a process that has not started. */
  constructor(options: BackgroundProcessOptions) {
    this.command = options.command;
    this.args = options.args;
    this.#takesInput = options.takesInput;
    this.#terminal = options.terminal;
    this.#maxWaitingBytes = options.maxWaitingBytes;
    // Nobody may want anything of it before its end.
    this.#control.promise.catch(() => {});
  }

  /** Its id as the sandbox sees it, once it has one. */
  get pid(): number | undefined {
    return this.#pid;
  }

  /** Its terminal as it is now, if it has one. */
  get terminal(): ProcessTerminal | undefined {
    return this.#terminal;
  }

  /** It has started. */
  started(control: ProcessControl): void {
    this.#pid = control.pid;
    this.#control.resolve(control);
  }

  /** It has ended, or could not be started. */
  ended(): void {
    this.#hasEnded = true;
    this.#control.reject(hasEnded("use"));
    void this.#terminal?.screen.end();
  }

  /** Writes to its standard input, after what was written before; resolves when there is room for more. */
  async write(bytes: Uint8Array): Promise<void> {
    this.#assertRunning("write to");
    if (!this.#takesInput) throw stdinClosed();
    if (this.#waitingBytes > 0 && this.#waitingBytes + bytes.length > this.#maxWaitingBytes) {
      throw inputFull(this.#waitingBytes, this.#maxWaitingBytes);
    }
    this.#waitingBytes += bytes.length;
    try {
      await (await this.#control.promise).write(bytes);
    } finally {
      this.#waitingBytes -= bytes.length;
    }
  }

  /** Ends its standard input after what was written; again does nothing. */
  async closeStdin(): Promise<void> {
    this.#assertRunning("close the input of");
    if (!this.#takesInput) return;
    this.#takesInput = false;
    await (await this.#control.promise).closeStdin();
  }

  /** Changes the size of its terminal. Throws a `SandboxError` of code `not_supported` if it has none. */
  async resize(size: TerminalSize): Promise<void> {
    this.#assertRunning("resize the terminal of");
    if (this.#terminal === undefined) throw noTerminal();
    await this.#call((control) => control.resize(size));
    this.#terminal = { ...this.#terminal, size };
    this.#terminal.screen.resize(size);
  }

  /** Sends it a signal. Throws a `SandboxError` of code `not_supported` where the sandbox cannot. */
  async signal(name: Deno.Signal, target: SignalTarget): Promise<void> {
    this.#assertRunning("signal");
    await this.#call((control) => control.signal(name, target));
  }

  async #call(act: (control: ProcessControl) => Promise<void>): Promise<void> {
    try {
      await act(await this.#control.promise);
    } catch (error) {
      if (!(error instanceof CommandError)) throw error;
      throw new SandboxError("not_supported", error.message, { cause: error });
    }
  }

  #assertRunning(act: string): void {
    if (this.#hasEnded) throw hasEnded(act);
  }
}

function hasEnded(act: string): SandboxError {
  return new SandboxError("process_ended", `Cannot ${act} the process: it has ended`);
}

function noTerminal(): SandboxError {
  const message = "Cannot resize the process: it has no terminal, start it with pty: true for one";
  return new SandboxError("not_supported", message);
}

function stdinClosed(): SandboxError {
  const message = "Cannot write to the process: its input was closed, or given as stdin of its " +
    "command, which is then all of it";
  return new SandboxError("stdin_closed", message);
}

function inputFull(waiting: number, limit: number): SandboxError {
  const message = `Cannot write to the process: ${waiting} bytes wait to be read by it, at most ` +
    `${limit} may; wait for answers before writing more`;
  return new SandboxError("queue_full", message, { data: { limit, retryAfterMs: RETRY_AFTER_MS } });
}
