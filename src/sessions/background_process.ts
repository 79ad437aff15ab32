import { CommandError, SandboxError } from "../errors.ts";
import type { ProcessControl, SignalTarget } from "../runtimes/runtime.ts";

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
}

/** The program of an execution that runs in the background, in the hands of its clients. */
export class BackgroundProcess {
  readonly command: string;
  readonly args: readonly string[];
  readonly #maxWaitingBytes: number;
  readonly #control = Promise.withResolvers<ProcessControl>();
  #pid: number | undefined;
  #takesInput: boolean;
  #waitingBytes = 0;
  #hasEnded = false;

  /** Makes a process that has not started. */
  constructor(options: BackgroundProcessOptions) {
    this.command = options.command;
    this.args = options.args;
    this.#takesInput = options.takesInput;
    this.#maxWaitingBytes = options.maxWaitingBytes;
    // Nobody may want anything of it before its end.
    this.#control.promise.catch(() => {});
  }

  /** Its id as the sandbox sees it, once it has one. */
  get pid(): number | undefined {
    return this.#pid;
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

  /** Sends it a signal. Throws a `SandboxError` of code `not_supported` where the sandbox cannot. */
  async signal(name: Deno.Signal, target: SignalTarget): Promise<void> {
    this.#assertRunning("signal");
    try {
      await (await this.#control.promise).signal(name, target);
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
