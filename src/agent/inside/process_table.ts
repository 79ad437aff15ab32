import type { Counters } from "./counters.ts";
import { listProcesses, processUser, processVariable } from "./process_list.ts";
import { processesOf, type TreeRoot } from "./process_tree.ts";
import { sendSignal, signalEverything } from "./send_signal.ts";

/** The variable that marks every process that an agent starts. */
export const MARK_VARIABLE = "CODEBEAKER_PROCESS";

/** How long processes that were killed may take to be gone. */
const GONE_MS = 1000;

/** How often nothing is found before it is believed, if processes end while they are looked at. */
const MAX_LOOKS = 5;

/** A {@linkcode TreeRoot} that is told when it gets company. */
export interface TableEntry extends TreeRoot {
  /** Whether what it has started may go on. */
  readonly running: boolean;
  /** Whether no other process ran meanwhile. */
  alone: boolean;
}

/** Settings of {@linkcode ProcessTable}. */
export interface ProcessTableOptions {
  /** Whether every process of this user that is not the agent was started by it. */
  readonly sole: boolean;
  readonly counters: Counters;
}

/** The processes that run now, and what ends them with all they started. */
export class ProcessTable {
  readonly #sole: boolean;
  readonly #counters: Counters;
  readonly #uid = Deno.uid();
  readonly #entries = new Set<TableEntry>();
  #idleTasks: number | undefined;

  /** Makes an empty table. */
  constructor({ sole, counters }: ProcessTableOptions) {
    this.#sole = sole;
    this.#counters = counters;
  }

  /** Takes in a process that is about to start. */
  join(entry: TableEntry): void {
    if (this.#entries.size === 0) this.#idleTasks = this.#counters.tasks();
    this.#entries.add(entry);
    if (this.#entries.size === 1) return;
    for (const each of this.#entries) each.alone = false;
  }

  /** Forgets a process that is over. */
  leave(entry: TableEntry): void {
    this.#entries.delete(entry);
  }

  /** Signals a process and all it started. */
  signal(entry: TableEntry, signal: Deno.Signal): void {
    if (this.#mayEndAll(entry)) return signalEverything(signal, { sole: this.#sole });
    for (const pid of this.#find(entry)) sendSignal(pid, signal);
  }

  /** Whether anything runs that a process has started, itself included. */
  hasSurvivors(entry: TableEntry): boolean {
    return this.#find(entry).length > 0;
  }

  /** Kills what a process has started; undefined if there is nothing to wait for. */
  kill(entry: TableEntry): Promise<void> | undefined {
    if (this.#mayEndAll(entry)) {
      signalEverything("SIGKILL", { sole: this.#sole });
      // Nearly always so, and much cheaper to see than by looking at every process.
      if (!entry.rootAlive && this.#isIdle()) return undefined;
      return this.#killUntilGone(entry);
    }
    if (!this.hasSurvivors(entry)) return undefined;
    this.#freeze(entry);
    return this.#killUntilGone(entry);
  }

  /** Kills everything. */
  async killAll(): Promise<void> {
    signalEverything("SIGKILL", { sole: this.#sole });
    await Promise.all([...this.#entries].map((entry) => this.kill(entry)));
  }

  #mayEndAll(entry: TableEntry): boolean {
    if (!this.#sole) return false;
    for (const other of this.#entries) if (other !== entry && other.running) return false;
    return true;
  }

  #isIdle(): boolean {
    const tasks = this.#counters.tasks();
    return tasks !== undefined && this.#idleTasks !== undefined && tasks <= this.#idleTasks;
  }

  /** Stops what is found before any of it ends: an orphan is harder to find than a child. */
  #freeze(entry: TableEntry): void {
    const frozen = new Set<number>();
    for (let rounds = 0; rounds < 100; rounds++) {
      const fresh = this.#find(entry).filter((pid) => !frozen.has(pid));
      if (fresh.length === 0) return;
      for (const pid of fresh) {
        sendSignal(pid, "SIGSTOP");
        frozen.add(pid);
      }
    }
  }

  async #killUntilGone(entry: TableEntry): Promise<void> {
    let pause = 1;
    for (let waited = 0; waited < GONE_MS; waited += pause) {
      const found = this.#find(entry);
      if (found.length === 0) return;
      for (const pid of found) sendSignal(pid, "SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, pause));
      pause *= 2;
    }
  }

  #find(entry: TableEntry): number[] {
    const others = [...this.#entries].filter((other) => other !== entry);
    for (let looks = 1;; looks++) {
      const { processes, steady } = listProcesses();
      const found = processesOf(entry, others, {
        processes,
        self: Deno.pid,
        markOf: (pid) => processVariable(pid, MARK_VARIABLE),
        mayBeOrphan: (pid) => this.#sole && processUser(pid) === this.#uid,
      });
      if (found.length > 0 || steady || looks === MAX_LOOKS) return found;
    }
  }
}
