import type { Clock } from "./clock.ts";
import type { Deadline, Expiry } from "./expiry.ts";
import type { StoredSession } from "./session_facts.ts";
import type { SessionLogger } from "./session_logger.ts";
import type { RegistryChanges } from "./session_registry.ts";

/** A session as the recorder sees it. */
export interface RecordedSession {
  readonly id: string;
  /** Whether its sandbox can be found again by another server. */
  readonly outlivesServer: boolean;
  /** Whether a command runs or waits, which counts as activity all the time. */
  readonly isBusy: boolean;
  /** What to store of it now; undefined if it does not outlive the server. */
  stored(): StoredSession | undefined;
}

/** Options of {@linkcode SessionRecorder}. */
export interface SessionRecorderOptions {
  /** Where sessions are stored. */
  readonly registry: { write(changes: RegistryChanges): void };
  readonly clock: Clock;
  readonly expiry: Expiry;
  readonly logger: Pick<SessionLogger, "error">;
}

/** How much of what happened a crash may lose; also how soon a write that failed is tried again. */
const WRITE_INTERVAL_MS = 5000;
/** A disk that stays full is not worth a line every few seconds. */
const LOG_INTERVAL_MS = 60_000;

/**
 * Keeps the registry up to date: at once with what must not be lost, every few seconds and in one
 * transaction with the activity of all sessions. Nothing throws: what cannot be written is tried again.
 */
export class SessionRecorder {
  readonly #options: SessionRecorderOptions;
  readonly #unsaved = new Map<string, RecordedSession>();
  readonly #active = new Map<string, RecordedSession>();
  readonly #ended = new Set<string>();
  #timer: Deadline | undefined;
  #nextLogAt = -Infinity;

  /** Makes a recorder with nothing to write. */
  constructor(options: SessionRecorderOptions) {
    this.#options = options;
  }

  /** Stores a session that is new, or changed in other ways than by activity. */
  save(session: RecordedSession): void {
    if (!session.outlivesServer) return;
    this.#unsaved.set(session.id, session);
    this.#write();
  }

  /** Takes note of activity, which is written within some seconds. */
  touch(session: RecordedSession): void {
    if (!session.outlivesServer) return;
    this.#active.set(session.id, session);
    this.#arm();
  }

  /** Forgets a session that is over. */
  remove({ id, outlivesServer }: Pick<RecordedSession, "id" | "outlivesServer">): void {
    if (!outlivesServer) return;
    this.#unsaved.delete(id);
    this.#active.delete(id);
    this.#ended.add(id);
    this.#write();
  }

  /** Writes all there is to write, now. */
  flush(): void {
    this.#write([...this.#active.values()]);
  }

  #write(active: readonly RecordedSession[] = []): void {
    const { registry } = this.#options;
    try {
      registry.write({
        save: [...this.#unsaved.values()].flatMap((session) => session.stored() ?? []),
        activity: active.flatMap((session) => session.stored() ?? []),
        remove: [...this.#ended],
      });
      this.#unsaved.clear();
      this.#ended.clear();
      // A program that runs for hours is activity all along, also if the server dies meanwhile.
      for (const { id, isBusy } of active) if (!isBusy) this.#active.delete(id);
    } catch (error) {
      this.#log(error);
    }
    this.#arm();
  }

  #arm(): void {
    if (this.#timer !== undefined) return;
    if (this.#active.size + this.#unsaved.size + this.#ended.size === 0) return;
    const { clock, expiry } = this.#options;
    this.#timer = expiry.schedule(clock.now() + WRITE_INTERVAL_MS, () => {
      this.#timer = undefined;
      this.flush();
    });
  }

  #log(error: unknown): void {
    const { clock, logger } = this.#options;
    if (clock.now() < this.#nextLogAt) return;
    this.#nextLogAt = clock.now() + LOG_INTERVAL_MS;
    logger.error("Sessions cannot be stored, a restart may lose them: {error}", { error });
  }
}
