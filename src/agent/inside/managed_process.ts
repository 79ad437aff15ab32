import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import type { BufferPool } from "./buffer_pool.ts";
import type { Counters } from "./counters.ts";
import { endingOf } from "./ending_of.ts";
import { ErrorOutput } from "./error_output.ts";
import { ProcessInput } from "./process_input.ts";
import { ProcessOutput } from "./process_output.ts";
import { MARK_VARIABLE, type ProcessTable, type TableEntry } from "./process_table.ts";
import { ProcessUsage } from "./process_usage.ts";
import type { SignalTarget, SpawnRequest, TerminalSize } from "./protocol.ts";
import { sendSignal } from "./send_signal.ts";
import { launchFailure, startProgram } from "./start_program.ts";
import { Terminal } from "./terminal.ts";
import { within } from "./within.ts";

/** How long a stream may stay open when everything that the process started is gone. */
const DRAIN_MS = 1000;
/** How often what was told to stop is looked at. */
const GRACE_STEP_MS = 10;

/** What {@linkcode ManagedProcess} needs of the agent. */
export interface ProcessDeps {
  readonly table: ProcessTable;
  readonly counters: Counters;
  readonly buffers: BufferPool;
  readonly launcher: string | undefined;
}

/** A program from its start to the end of everything it started. */
export class ManagedProcess implements ActiveRequest, TableEntry {
  /** What its processes carry in their environment. */
  readonly mark: string = crypto.getRandomValues(new Uint8Array(12)).toHex();
  /** Whether the process itself runs. */
  rootAlive = false;
  /** Whether what it has started may go on. */
  running = false;
  /** Whether no other ran meanwhile. */
  alone = true;
  readonly #request: SpawnRequest;
  readonly #replies: RequestReplies;
  readonly #deps: ProcessDeps;
  readonly #input: ProcessInput;
  #terminal: Terminal | undefined;
  #pid = 0;
  /** When what was told to stop is killed; undefined if it was not told to. */
  #deadline: number | undefined;
  #stopped = false;
  #filesRemoved = false;
  readonly #released = Promise.withResolvers<void>();
  #killer: ReturnType<typeof setTimeout> | undefined;

  /** Makes a process that has not started. */
  constructor(request: SpawnRequest, replies: RequestReplies, deps: ProcessDeps) {
    this.#request = request;
    this.#replies = replies;
    this.#deps = deps;
    this.#input = new ProcessInput((bytes) => replies.sendCredit(bytes));
  }

  /** Its id; 0 before it has started. */
  get pid(): number {
    return this.#pid;
  }

  /** Starts it. Throws a failure if it cannot be started. */
  run(): void {
    const { table, counters, launcher } = this.#deps;
    const { terminal: size, stdin } = this.#request;
    const terminal = size && Terminal.open(size, launcher);
    this.#terminal = terminal;
    table.join(this);
    const usage = new ProcessUsage(counters);
    let child: Deno.ChildProcess;
    try {
      const mark = { [MARK_VARIABLE]: this.mark };
      child = startProgram(this.#request, { mark, launcher, terminal: terminal?.path });
    } catch (error) {
      table.leave(this);
      throw error;
    }
    this.#pid = child.pid;
    this.rootAlive = true;
    this.running = true;
    this.#replies.sendStarted(child.pid);
    if (terminal !== undefined) this.#input.attach(terminal.input);
    else if (stdin === "pipe") this.#input.attach(child.stdin);
    if (stdin === "none") this.#input.end();
    this.#follow(child, usage).catch((error) => this.#replies.fail(error));
  }

  /** Takes standard input. */
  data(bytes: Uint8Array): void {
    this.#input.data(bytes);
  }

  /** Takes the end of it. */
  end(): void {
    this.#input.end();
  }

  /** Signals the process, its group, or all it started. */
  signal(name: Deno.Signal, target: SignalTarget): void {
    if (!this.running) return;
    if (target === "tree") return this.#deps.table.signal(this, name);
    // There is no group before the launcher has made one.
    if (target === "group" && sendSignal(-this.#pid, name)) return;
    if (this.rootAlive) sendSignal(this.#pid, name);
  }

  /** Changes the size of its terminal. */
  resize(size: TerminalSize): void {
    this.#terminal?.resize(size);
  }

  /** Asks it and all it started to end, and ends what is left after `graceMs`. */
  stop(graceMs: number): void {
    if (this.#pid === 0) {
      return this.#replies.done("exit", {
        code: null,
        signal: null,
        stopped: true,
        oomKills: 0,
        pidsMax: 0,
        alone: false,
      });
    }
    const deadline = performance.now() + graceMs;
    // Asked twice, the earlier end counts.
    if (!this.running || deadline >= (this.#deadline ?? Infinity)) return;
    this.#stopped = true;
    this.#deadline = deadline;
    clearTimeout(this.#killer);
    this.#released.resolve();
    if (graceMs <= 0) return this.#killAll();
    const { table } = this.#deps;
    table.signal(this, "SIGTERM");
    // What a shell at a terminal ends at, which ignores the other.
    if (this.#terminal !== undefined) table.signal(this, "SIGHUP");
    // What is suspended does not see a signal before it goes on.
    table.signal(this, "SIGCONT");
    this.#killer = setTimeout(() => this.#killAll(), graceMs);
  }

  /** Lets go of what it holds. */
  [Symbol.dispose](): void {
    clearTimeout(this.#killer);
    this.#input.close();
    this.#terminal?.close();
    this.#deps.table.leave(this);
    this.#removeFiles();
  }

  #removeFiles(): void {
    if (this.#filesRemoved) return;
    this.#filesRemoved = true;
    for (const path of this.#request.remove ?? []) removeIfThere(path);
  }

  #killAll(): void {
    if (!this.rootAlive) return;
    this.#deps.table.kill(this)?.catch((error) => this.#replies.fail(error));
  }

  async #follow(child: Deno.ChildProcess, usage: ProcessUsage): Promise<void> {
    const { buffers, launcher } = this.#deps;
    const errors = new ErrorOutput((bytes) => this.#replies.send("stderr", bytes), launcher);
    const terminal = this.#terminal;
    const stdout = terminal?.output ?? child.stdout;
    const outputs = [
      new ProcessOutput(stdout, (bytes) => this.#replies.send("stdout", bytes), buffers),
      new ProcessOutput(child.stderr, (bytes) => errors.take(bytes), buffers),
    ];
    const drained = Promise.all(outputs.map(({ ended }) => ended));
    const ending = await endingOf(child);
    this.rootAlive = false;
    terminal?.hangUp();
    // Whoever goes on without the one that had the terminal has none any more.
    const keep = this.#request.keep && terminal === undefined;
    if (keep) await Promise.race([drained, this.#released.promise]);
    this.running = false;
    await this.#cleanUp();
    await within(drained, DRAIN_MS, () => outputs.forEach((output) => output.cancel()));
    this.#removeFiles();
    if (errors.notLaunched(ending.code)) {
      return this.#replies.fail(launchFailure(ending.code, this.#request));
    }
    const { alone } = this;
    this.#replies.done("exit", { ...ending, stopped: this.#stopped, ...usage.report({ alone }) });
  }

  /** Ends what the process left behind; what was told to stop gets its time. */
  async #cleanUp(): Promise<void> {
    const { table } = this.#deps;
    while (performance.now() < (this.#deadline ?? 0) && table.hasSurvivors(this)) {
      await new Promise((resolve) => setTimeout(resolve, GRACE_STEP_MS));
    }
    await table.kill(this);
  }
}

function removeIfThere(path: string): void {
  try {
    Deno.removeSync(path, { recursive: true });
  } catch {
    // Missing, or the program made it something that is not ours to remove.
  }
}
