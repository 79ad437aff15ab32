import type { Runtime, Sandbox } from "../runtimes/runtime.ts";
import { type Adoption, adoptSession, missingRuntime } from "./adopt_session.ts";
import type { Clock } from "./clock.ts";
import { overdue, type StoredSession } from "./session_facts.ts";
import type { SessionLogger } from "./session_logger.ts";
import type { SessionTiming } from "./session_timing.ts";
import { settlesWithin } from "./within.ts";

/** The part of a runtime that finds sandboxes again. */
export type AdoptingRuntime = Pick<Runtime, "name" | "adopt" | "sweep">;

/** Options of {@linkcode SessionRestorer}. */
export interface SessionRestorerOptions {
  readonly clock: Clock;
  readonly logger: SessionLogger;
  readonly timing: Pick<SessionTiming, "restoreTimeoutMs">;
  /** Takes a session whose sandbox is there again; it may be overdue. */
  readonly onAdopted: (stored: StoredSession, sandbox: Sandbox) => void;
  /** Forgets a session that will not come back. */
  readonly onGone: (stored: StoredSession) => void;
}

/** A session whose sandbox has not been found yet, but may be. */
export interface WaitingSession {
  readonly stored: StoredSession;
  /** Why it is not there, for the client. */
  readonly problem: string;
}

interface Entry extends WaitingSession {
  problem: string;
  /** Whether it was over before the server started, so that it is not worth waiting for. */
  readonly isOver: boolean;
  /** Whether it could not be told that its sandbox is there. */
  wasAway: boolean;
}

/** Adoptions at the same time, per runtime. */
const PARALLEL = 8;
const FIRST_RETRY_MS = 1000;
const MAX_RETRY_MS = 30_000;

/**
 * Finds the sandboxes of a former server's sessions again. While a runtime cannot tell, its sessions
 * wait, and it is asked again and again; what nobody owns is swept away only when none waits any more.
 */
export class SessionRestorer {
  readonly #options: SessionRestorerOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #tasks = new Set<Promise<void>>();
  readonly #stopping = Promise.withResolvers<void>();
  #isStopped = false;

  /** Makes a restorer with nothing to restore. */
  constructor(options: SessionRestorerOptions) {
    this.#options = options;
  }

  /** Finds a session that is not there yet. */
  find(id: string): WaitingSession | undefined {
    const entry = this.#entries.get(id);
    return entry !== undefined && this.#mayCome(entry) ? entry : undefined;
  }

  /** Sessions that are not there yet. */
  get waiting(): StoredSession[] {
    return [...this.#entries.values()]
      .filter((entry) => this.#mayCome(entry))
      .map(({ stored }) => stored);
  }

  /**
   * Looks for every session, and for those whose runtime is away in the background, until they are there
   * or too old. Resolves after the first round, or when that takes too long; never rejects.
   */
  async restore(
    sessions: readonly StoredSession[],
    runtimes: readonly AdoptingRuntime[],
  ): Promise<void> {
    const { clock, timing } = this.#options;
    for (const stored of sessions) {
      const isOver = overdue(stored, clock.wallTime()) !== undefined;
      const problem = "its sandbox is being looked for";
      this.#entries.set(stored.id, { stored, problem, isOver, wasAway: false });
    }
    const missing = new Set(sessions.map(({ runtime }) => runtime));
    for (const { name } of runtimes) missing.delete(name);
    const rounds = [...runtimes, ...[...missing].map(missingRuntime)]
      .map((runtime) => this.#begin(runtime));
    // Others need not wait for an engine that does not answer.
    await settlesWithin(Promise.all(rounds), timing.restoreTimeoutMs, clock);
  }

  /** Looks for nothing more; resolves when nothing is under way. */
  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#stopping.resolve();
    await Promise.all(this.#tasks);
  }

  async #begin(runtime: AdoptingRuntime): Promise<void> {
    const { promise: firstRound, resolve } = Promise.withResolvers<void>();
    const task = this.#settle(runtime, resolve).finally(() => this.#tasks.delete(task));
    this.#tasks.add(task);
    await firstRound;
  }

  async #settle(runtime: AdoptingRuntime, onFirstRound: () => void): Promise<void> {
    const { clock, logger } = this.#options;
    let left = [...this.#entries.values()].filter(({ stored }) => stored.runtime === runtime.name);
    for (let delay = FIRST_RETRY_MS;; delay = Math.min(2 * delay, MAX_RETRY_MS)) {
      left = await this.#round(runtime, left);
      onFirstRound();
      if (left.length === 0) break;
      if (await settlesWithin(this.#stopping.promise, delay, clock)) break;
    }
    if (this.#isStopped) return;
    try {
      await runtime.sweep();
    } catch (error) {
      const properties = { runtime: runtime.name, error };
      logger.warning("What nobody owns in {runtime} was not removed: {error}", properties);
    }
  }

  /** Looks for sandboxes until one cannot be told of; returns those that are left, that one last. */
  async #round(runtime: AdoptingRuntime, entries: readonly Entry[]): Promise<Entry[]> {
    const queue = entries.values();
    const failed: Entry[] = [];
    const work = async () => {
      while (failed.length === 0 && !this.#isStopped) {
        const { value: entry } = queue.next();
        if (entry === undefined) return;
        if (this.#isTooOld(entry)) this.#giveUp(entry, "its lifetime has passed");
        else if (!this.#take(entry, await adoptSession(runtime, entry.stored))) failed.push(entry);
      }
    };
    await Promise.all(Array.from({ length: PARALLEL }, work));
    const untried = [...queue];
    for (const entry of untried) {
      entry.problem = failed[0]?.problem ?? entry.problem;
      entry.wasAway = true;
    }
    return [...untried, ...failed.filter(({ stored }) => this.#entries.has(stored.id))];
  }

  /** Does what follows; false if the runtime is away. */
  #take(entry: Entry, adoption: Adoption): boolean {
    const { clock, logger, onAdopted } = this.#options;
    const { stored } = entry;
    if (adoption.kind === "gone") {
      this.#giveUp(entry, adoption.reason);
    } else if (adoption.kind === "adopted") {
      this.#entries.delete(stored.id);
      // The time in which nobody could use it is not its client's idleness.
      const { wasAway, isOver } = entry;
      const lastActivityAt = wasAway && !isOver ? clock.wallTime() : stored.lastActivityAt;
      onAdopted({ ...stored, lastActivityAt }, adoption.sandbox);
    } else if (entry.isOver) {
      this.#giveUp(entry, "its time has passed");
    } else {
      const { problem, error } = adoption;
      if (problem !== entry.problem) {
        const properties = { sessionId: stored.id, error };
        logger.warning("Session {sessionId} has to wait for its sandbox: {error}", properties);
      }
      entry.problem = problem;
      entry.wasAway = true;
    }
    return adoption.kind !== "away";
  }

  /** Its sandbox, if there is one, is left to the sweep. */
  #giveUp({ stored }: Entry, reason: string): void {
    const { logger, onGone } = this.#options;
    this.#entries.delete(stored.id);
    const properties = { sessionId: stored.id, reason };
    logger.info("Session {sessionId} is not restored: {reason}", properties);
    onGone(stored);
  }

  #mayCome(entry: Entry): boolean {
    return !entry.isOver && !this.#isTooOld(entry);
  }

  /** Whether its lifetime has passed while it waited. */
  #isTooOld({ stored, isOver }: Entry): boolean {
    return !isOver && overdue(stored, this.#options.clock.wallTime()) === "max_lifetime";
  }
}
