import type { Sandbox } from "../runtimes/runtime.ts";
import { Session } from "./session.ts";
import { overdue, type SessionFacts, type StoredSession } from "./session_facts.ts";
import type { SessionServices } from "./session_options.ts";
import type { SessionRecorder } from "./session_recorder.ts";

/** The sessions that can be used, and those that are on their way out; keeps the registry up to date. */
export class OpenSessions {
  readonly #services: SessionServices;
  readonly #recorder: SessionRecorder | undefined;
  readonly #sessions = new Map<string, Session>();
  readonly #ending = new Set<Promise<void>>();

  /** Begins without sessions; without a recorder none outlives the server. */
  constructor(services: SessionServices, recorder: SessionRecorder | undefined) {
    this.#services = services;
    this.#recorder = recorder;
  }

  /** How many can be used. */
  get size(): number {
    return this.#sessions.size;
  }

  /** Those that can be used. */
  all(): Session[] {
    return [...this.#sessions.values()];
  }

  /** Finds one that can be used. */
  get(id: string): Session | undefined {
    return this.#sessions.get(id);
  }

  /** Opens a new session, which then owns its sandbox. */
  open(facts: SessionFacts, sandbox: Sandbox, options: { onClosing?: () => void } = {}): Session {
    const session = this.#add(facts, sandbox, { onClosing: options.onClosing, isRestored: false });
    this.#recorder?.save(session);
    const { id: sessionId, caller, language } = session;
    const properties = { sessionId, caller, language };
    this.#services.logger.info("Session {sessionId} created: {language}", properties);
    return session;
  }

  /** Opens a session that a former server had made; one whose time has passed is closed at once. */
  restore(stored: StoredSession, sandbox: Sandbox): void {
    const { clock, logger } = this.#services;
    const session = this.#add(stored, sandbox, { isRestored: true });
    this.#recorder?.touch(session);
    const { id: sessionId, caller, language } = session;
    const properties = { sessionId, caller, language };
    logger.info("Session {sessionId} restored: {language}", properties);
    const reason = overdue(stored, clock.wallTime());
    if (reason !== undefined) void session.close(reason);
  }

  /** Ends all; with `keep`, those that can outlive the server do. */
  async end(keep: boolean): Promise<void> {
    for (const session of this.all()) {
      void (keep && session.outlivesServer ? session.release() : session.close("shutdown"));
    }
    await Promise.all(this.#ending);
  }

  #add(
    facts: SessionFacts,
    sandbox: Sandbox,
    options: { readonly onClosing?: (() => void) | undefined; readonly isRestored: boolean },
  ): Session {
    const { onClosing, isRestored } = options;
    const session = new Session({
      facts,
      sandbox,
      isRestored,
      onActivity: () => this.#recorder?.touch(session),
      onClosing: (how) => {
        onClosing?.();
        this.#leave(session, how);
      },
    }, this.#services);
    this.#sessions.set(session.id, session);
    return session;
  }

  #leave(session: Session, how: "closed" | "kept"): void {
    this.#sessions.delete(session.id);
    if (how === "kept") this.#recorder?.save(session);
    else this.#recorder?.remove(session);
    // Asked for in a microtask: the session is still on its way to the promise that it returns.
    const ending = Promise.resolve().then(() => session.close("shutdown"))
      .finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
  }
}
