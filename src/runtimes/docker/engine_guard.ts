import type { SignalTarget } from "../runtime.ts";
import type { EngineContainer } from "./engine_container.ts";
import type { EngineExec } from "./engine_exec.ts";
import { GUARD_SCRIPT } from "./engine_guard_script.ts";

/** A process that a signal is for, and the shell around it. */
export interface GuardedProcess {
  readonly pid: number;
  readonly shell: number;
}

/** What the guard says after it did something. */
export interface GuardReport {
  /** Processes that are still there. */
  readonly left: number;
  /** Processes that the kernel has killed for want of memory since the container began. */
  readonly oomKills: number;
  /** Processes that could not be made since the container began. */
  readonly pidsRefused: number;
}

const MAX_LINE_BYTES = 4096;
const QUIT_MS = 1000;

/** A shell in the container that waits for the word to end processes; see {@linkcode GUARD_SCRIPT}. */
export class EngineGuard implements Disposable {
  readonly #exec: EngineExec;
  readonly #decoder = new TextDecoder();
  #text = "";
  #waiting: ((report: GuardReport | undefined) => void)[] = [];
  #ended = false;

  private constructor(exec: EngineExec) {
    this.#exec = exec;
    this.#read();
  }

  /** Starts one; it says what is so when it is ready. */
  static async start(container: EngineContainer): Promise<EngineGuard> {
    return new EngineGuard(await container.exec(["/bin/sh", "-c", GUARD_SCRIPT], { stdin: true }));
  }

  /** Whether it is of no use any more. */
  get ended(): boolean {
    return this.#ended;
  }

  /**
   * What it says when it is ready; undefined if it could not be started, which is soon known, or if that
   * took too long.
   */
  async ready(timeoutMs: number): Promise<GuardReport | undefined> {
    return await this.#within(timeoutMs, this.#next());
  }

  /** Ends processes, those with the mark or all; undefined if the guard is gone or does not answer. */
  async end(
    signal: "TERM" | "KILL",
    { mark, timeoutMs }: { readonly mark?: number | undefined; readonly timeoutMs: number },
  ): Promise<GuardReport | undefined> {
    return await this.#within(timeoutMs, this.#ask(`end ${signal} ${mark ?? ""}\n`));
  }

  /** Signals a process with the mark, or its group; undefined as for `end`. */
  async signal(
    number: number,
    target: SignalTarget,
    { mark, process, timeoutMs }: {
      readonly mark: number;
      readonly process: GuardedProcess;
      readonly timeoutMs: number;
    },
  ): Promise<GuardReport | undefined> {
    const { pid, shell } = process;
    return await this.#within(
      timeoutMs,
      this.#ask(`${target} ${number} ${mark} ${pid} ${shell}\n`),
    );
  }

  /** What is so now; undefined as for `end`. */
  async count(timeoutMs: number): Promise<GuardReport | undefined> {
    return await this.#within(timeoutMs, this.#ask("count\n"));
  }

  /** Ends it and nothing else. */
  async quit(): Promise<void> {
    await this.#within(QUIT_MS, this.#ask("quit\n"));
    this[Symbol.dispose]();
  }

  /** Closes the connection, on which it ends everything and itself. */
  [Symbol.dispose](): void {
    this.#exec[Symbol.dispose]();
    this.#end();
  }

  async #ask(line: string): Promise<GuardReport | undefined> {
    const answer = this.#next();
    try {
      await this.#exec.write(new TextEncoder().encode(line));
    } catch {
      // The connection is gone, and so is the guard.
      this[Symbol.dispose]();
    }
    return await answer;
  }

  /** A guard that does not answer in time is given up, and answers nothing. */
  async #within<T>(timeoutMs: number, answer: Promise<T>): Promise<T> {
    const timer = setTimeout(() => this[Symbol.dispose](), timeoutMs);
    try {
      return await answer;
    } finally {
      clearTimeout(timer);
    }
  }

  #next(): Promise<GuardReport | undefined> {
    if (this.#ended) return Promise.resolve(undefined);
    const { promise, resolve } = Promise.withResolvers<GuardReport | undefined>();
    this.#waiting.push(resolve);
    return promise;
  }

  async #read(): Promise<void> {
    try {
      await this.#exec.pump((_, bytes) => this.#take(bytes));
    } catch {
      // An engine that is gone: seen as the end.
    }
    this[Symbol.dispose]();
  }

  #take(bytes: Uint8Array): void {
    this.#text += this.#decoder.decode(bytes, { stream: true });
    for (let end = this.#text.indexOf("\n"); end >= 0; end = this.#text.indexOf("\n")) {
      const match = /^done (\d+) (\d+) (\d+)$/.exec(this.#text.slice(0, end));
      if (match === null) break;
      this.#text = this.#text.slice(end + 1);
      const [left = 0, oomKills = 0, pidsRefused = 0] = match.slice(1).map(Number);
      this.#waiting.shift()?.({ left, oomKills, pidsRefused });
    }
    if (this.#text.length > MAX_LINE_BYTES) this[Symbol.dispose]();
  }

  #end(): void {
    this.#ended = true;
    for (const resolve of this.#waiting.splice(0)) resolve(undefined);
  }
}
