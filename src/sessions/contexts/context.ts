import { SandboxError } from "../../errors.ts";
import type { KernelProgram } from "../../kernels/kernel_programs.ts";
import type { Language } from "../../languages.ts";
import type { OutputSink, RunOutcome, Sandbox } from "../../runtimes/runtime.ts";
import type { Clock } from "../clock.ts";
import { ExecutionStop } from "../execution_stop.ts";
import { settlesWithin } from "../within.ts";
import { type CellEnd, KernelClient } from "./kernel_client.ts";

/** What a context is doing. */
export type ContextState = "starting" | "idle" | "busy" | "stopped";

/** Options of {@linkcode Context}. */
export interface ContextOptions {
  readonly id: string;
  readonly language: Language;
  readonly program: KernelProgram;
  readonly sandbox: Pick<Sandbox, "run">;
  /** Where its kernels start. @default {"/workspace"} */
  readonly workingDirectory?: string;
  /** Environment variables of its kernels. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  readonly clock: Clock;
}

/** A cell on its way to a context. */
export interface CellRequest {
  readonly code: string;
  readonly env: Readonly<Record<string, string>> | undefined;
  /** What it reads, in a language whose cells have an input. */
  readonly stdin?: string | undefined;
  readonly output: OutputSink;
  /** Interrupts it, and if that does not end it, the kernel. */
  readonly signal: AbortSignal;
}

/** What became of a cell. */
export interface CellRun {
  readonly end: CellEnd;
  /** The how many-th cell of its kernel it was, or would have been. */
  readonly executionCount: number;
  /** Whether state is lost: the kernel had ended before, or had to be ended to end the cell. */
  readonly restarted: boolean;
  /** Whether a client ended the kernel on purpose. */
  readonly replaced: boolean;
}

/** Milliseconds that a cell has to end when it is interrupted. */
const INTERRUPT_GRACE_MS = 2000;
const INTERRUPT_EVERY_MS = 400;

/** One interpreter that keeps its state from cell to cell, and the kernels that it has had. */
export class Context {
  readonly id: string;
  readonly language: Language;
  /** When it was made, in milliseconds since 1970. */
  readonly createdAt: number;
  readonly #options: ContextOptions;
  #kernel: KernelClient | undefined;
  /** Cells of the kernel so far. */
  #count = 0;
  /** The kernel that a client wants to be ended. */
  #replaced: KernelClient | undefined;
  /** The kernel of whose end a client was told. */
  #mourned: KernelClient | undefined;
  #isDisposed = false;
  /** The last cell in line. */
  #line: Promise<unknown> = Promise.resolve();
  #running: Promise<unknown> | undefined;

  /** Makes a context without a kernel. */
  constructor(options: ContextOptions) {
    this.id = options.id;
    this.language = options.language;
    this.createdAt = options.clock.wallTime();
    this.#options = options;
  }

  /** What it is doing. */
  get state(): ContextState {
    if (this.#running !== undefined) return "busy";
    if (this.#kernel?.alive !== true) return "stopped";
    return this.#kernel.isReady ? "idle" : "starting";
  }

  /** How many cells its kernel has run. */
  get executionCount(): number {
    return this.#count;
  }

  /** Starts a kernel if there is none. Resolves when it takes cells, or to how it ended instead. */
  async start(): Promise<RunOutcome | undefined> {
    const { kernel } = this.#ensure();
    return await kernel.ready ? undefined : await kernel.ended;
  }

  /** Runs a cell after those that came before it. Throws the signal's reason if that comes first. */
  async run(request: CellRequest): Promise<CellRun> {
    const before = this.#line;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#line = before.then(() => promise);
    try {
      await before;
      request.signal.throwIfAborted();
      const running = this.#run(request);
      this.#running = running.finally(() => this.#running = undefined);
      return await running;
    } finally {
      resolve();
    }
  }

  /** Interrupts the cell that runs; false if none does or it goes on nevertheless. */
  async interrupt(): Promise<boolean> {
    const running = this.#running;
    if (running === undefined || this.#kernel === undefined) return false;
    return await this.#interrupt(this.#kernel, running);
  }

  /** Replaces the kernel by a fresh one, and ends the cell that runs. */
  async restart(): Promise<RunOutcome | undefined> {
    await this.#endKernel();
    return await this.start();
  }

  /** Ends it. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#endKernel();
  }

  async #endKernel(): Promise<void> {
    const kernel = this.#kernel;
    if (kernel === undefined) return;
    this.#replaced = this.#mourned = kernel;
    kernel.kill();
    await kernel.ended;
  }

  async #run({ code, env, stdin, output, signal }: CellRequest): Promise<CellRun> {
    const { kernel, isFresh } = this.#ensure();
    const count = ++this.#count;
    using _stop = onAbort(signal, () => void this.#stopCell(kernel, signal.reason));
    const end = await kernel.run({ code, env, stdin, count, output });
    const gaveUp = end.kind === "lost" && signal.aborted;
    // A cell that ended its kernel by itself does not begin anew; the next one does, and says so.
    if (gaveUp) this.#mourned = kernel;
    const replaced = this.#replaced === kernel;
    return { end, executionCount: count, restarted: isFresh || gaveUp, replaced };
  }

  async #stopCell(kernel: KernelClient, reason: unknown): Promise<void> {
    const kind = reason instanceof ExecutionStop ? reason.cause.kind : "cancelled";
    if (kind === "timeout" || kind === "cancelled") {
      if (await this.#interrupt(kernel, this.#running ?? Promise.resolve())) return;
    }
    kernel.kill();
  }

  /** Interrupts until it has an effect: a kernel that has not taken up the cell yet does not hear it. */
  async #interrupt(kernel: KernelClient, running: Promise<unknown>): Promise<boolean> {
    for (let waited = 0; waited < INTERRUPT_GRACE_MS; waited += INTERRUPT_EVERY_MS) {
      // Not awaited: one that has not started does not hear it at all.
      kernel.interrupt().catch(() => {});
      if (await settlesWithin(running, INTERRUPT_EVERY_MS, this.#options.clock)) return true;
    }
    return false;
  }

  /** The kernel, and whether it stands for one that ended and nobody was told. */
  #ensure(): { readonly kernel: KernelClient; readonly isFresh: boolean } {
    if (this.#isDisposed) {
      throw new SandboxError("context_not_found", `Context not found: ${this.id}, it was deleted`);
    }
    const last = this.#kernel;
    if (last?.alive === true) return { kernel: last, isFresh: false };
    const isFresh = last !== undefined && last !== this.#mourned && this.#count > 0;
    this.#count = 0;
    const kernel = this.#kernel = new KernelClient(this.#options);
    return { kernel, isFresh };
  }
}

function onAbort(signal: AbortSignal, action: () => void): Disposable {
  signal.addEventListener("abort", action, { once: true });
  if (signal.aborted) action();
  return { [Symbol.dispose]: () => signal.removeEventListener("abort", action) };
}
