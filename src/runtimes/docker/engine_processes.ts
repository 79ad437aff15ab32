import type { SignalTarget } from "../runtime.ts";
import { EngineGuard, type GuardedProcess, type GuardReport } from "./engine_guard.ts";
import type { EngineContainer } from "./engine_container.ts";
import { ExecRefused } from "./engine_exec.ts";

/** Being in the container, with a program or to see to files, until it is disposed. */
export interface Place extends AsyncDisposable {
  /** The soft limit of resident memory of all processes of this program, by which they are known. */
  readonly mark: number;
  /** What the kernel's counters were. */
  readonly before: GuardReport;
  /** Whether no other program was there meanwhile. */
  readonly alone: boolean;
  /** What the counters are now; undefined if that cannot be told. */
  count(): Promise<GuardReport | undefined>;
  /** Signals a process of this program, or its group; false if that cannot be done now. */
  signal(number: number, process: GuardedProcess, target: SignalTarget): Promise<boolean>;
  /** Asks the processes of this program to end. */
  terminate(): Promise<void>;
  /** Ends the processes of this program. */
  kill(): Promise<GuardReport>;
}

/** Options of {@linkcode EngineProcesses.enter}. */
export interface EnterOptions {
  /** Whether a program is to be started: then there is a guard first. @default {false} */
  readonly program?: boolean;
}

const NONE: GuardReport = { left: 0, oomKills: 0, pidsRefused: 0 };
const TRIES = 3;
/** Also the time in which a guard that something stopped is found out. */
const ANSWER_MS = 5000;
/** Only what halts every new process of its user at once lets a start take that long. */
const START_MS = 10_000;
/** 4 PiB: no process is held by it. The kernel has not looked at this limit since 2.4. */
const MARK_BASE = 2 ** 52;

/**
 * What of ours is in the container, and the end of it. While a program is alone, ending it is ending every
 * process of its user, which nothing escapes. Of several, each is known by a mark that its processes inherit
 * and can only take off on purpose; those that did are ended when the last program has ended.
 */
export class EngineProcesses {
  readonly #container: EngineContainer;
  readonly #places = new Set<Place>();
  /** Those of programs, each with whether it is the only one. */
  readonly #programs = new Map<Place, { alone: boolean }>();
  #guard: EngineGuard | undefined;
  #last = NONE;
  /** Orders to the guard, one after the other. */
  #orders: Promise<unknown> = Promise.resolve();
  /** Everything is being ended; nobody may enter. */
  #clearing: Promise<unknown> | undefined;
  #unclear = false;

  /** Sees to the processes of a container. */
  constructor(container: EngineContainer) {
    this.#container = container;
  }

  /** Comes in, when nothing is being ended that cannot be told from who comes in. */
  async enter({ program = false }: EnterOptions = {}): Promise<Place> {
    while (this.#clearing !== undefined) await this.#clearing.catch(() => {});
    const company = { alone: true };
    const place = this.#place(company);
    this.#places.add(place);
    if (program) this.#join(place, company);
    try {
      if (program) await this.#inOrder(() => this.#ready());
      return place;
    } catch (error) {
      this.#leave(place);
      throw error;
    }
  }

  /** Ends everything in the container, if anything was ever started. */
  async clear(): Promise<void> {
    if (this.#guard !== undefined || this.#places.size > 0) await this.#clear();
  }

  /** Lets the guard go. */
  async dismiss(): Promise<void> {
    await this.#guard?.quit();
  }

  #join(place: Place, company: { alone: boolean }): void {
    const others = [...this.#programs.values()];
    for (const each of [...others, company]) each.alone &&= others.length === 0;
    this.#programs.set(place, company);
  }

  #leave(place: Place): void {
    this.#places.delete(place);
    this.#programs.delete(place);
  }

  #place(company: { readonly alone: boolean }): Place {
    const mark = MARK_BASE + 1024 * crypto.getRandomValues(new Uint32Array(1))[0]!;
    const place: Place = {
      mark,
      before: this.#last,
      get alone() {
        return company.alone;
      },
      count: () => this.#inOrder(() => this.#count()),
      signal: (number, process, target) => this.#signal(number, target, { mark, process }),
      terminate: async () => {
        const alone = this.#places.size === 1;
        if (alone) await this.#exclusively(() => this.#order("TERM"));
        else await this.#order("TERM", mark);
      },
      kill: () => this.#kill(place),
      [Symbol.asyncDispose]: async () => {
        this.#leave(place);
        if (this.#unclear && this.#places.size === 0) await this.#clear();
      },
    };
    return place;
  }

  async #kill(place: Place): Promise<GuardReport> {
    if (this.#places.size === 1) return await this.#clear();
    this.#unclear = true;
    const report = await this.#order("KILL", place.mark);
    // It makes processes faster than they are found; one step that ends all of them is left.
    return report.left === 0 ? report : await this.#clear();
  }

  async #clear(): Promise<GuardReport> {
    this.#unclear = false;
    const report = await this.#exclusively(() => this.#order("KILL"));
    if (report.left > 0) throw await this.#container.restart();
    return report;
  }

  async #exclusively<T>(action: () => Promise<T>): Promise<T> {
    const clearing = action();
    this.#clearing = clearing;
    try {
      return await clearing;
    } finally {
      if (this.#clearing === clearing) this.#clearing = undefined;
    }
  }

  #order(signal: "TERM" | "KILL", mark?: number): Promise<GuardReport> {
    return this.#inOrder(async () => {
      for (let tries = 0; tries < TRIES; tries++) {
        const guard = await this.#open();
        const report = await guard?.end(signal, { mark, timeoutMs: ANSWER_MS });
        if (report !== undefined) return this.#last = report;
      }
      // Something ends every guard at once, or leaves no room for one.
      throw await this.#container.restart();
    });
  }

  #signal(
    number: number,
    target: SignalTarget,
    of: { readonly mark: number; readonly process: GuardedProcess },
  ): Promise<boolean> {
    return this.#inOrder(async () => {
      const guard = await this.#open();
      const report = await guard?.signal(number, target, { ...of, timeoutMs: ANSWER_MS });
      return report !== undefined;
    });
  }

  async #count(): Promise<GuardReport | undefined> {
    return this.#guard?.ended === false ? await this.#guard.count(ANSWER_MS) : undefined;
  }

  async #inOrder<T>(action: () => Promise<T>): Promise<T> {
    const done = this.#orders.then(action);
    this.#orders = done.catch(() => {});
    return await done;
  }

  async #ready(): Promise<void> {
    if (this.#guard?.ended !== false) await this.#open();
  }

  /** A guard that answers; undefined if there cannot be one now. */
  async #open(): Promise<EngineGuard | undefined> {
    if (this.#guard?.ended === false) return this.#guard;
    await this.#container.note();
    this.#guard = undefined;
    const began = Date.now();
    try {
      const guard = await EngineGuard.start(this.#container);
      const first = await guard.ready(START_MS);
      if (first === undefined) {
        if (Date.now() - began < START_MS) return undefined;
        throw await this.#container.restart();
      }
      this.#last = first;
      return this.#guard = guard;
    } catch (error) {
      if (error instanceof ExecRefused) return undefined;
      throw error;
    }
  }
}
