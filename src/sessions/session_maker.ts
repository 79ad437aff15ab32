import type { SessionCreate } from "../protocol/session.ts";
import type { RuntimeRegistry } from "../runtimes/runtime_registry.ts";
import { checkFiles } from "./check_files.ts";
import { makeSandbox } from "./make_sandbox.ts";
import type { OpenSessions } from "./open_sessions.ts";
import type { Session } from "./session.ts";
import { newId } from "./session_ids.ts";
import type { SessionLimits } from "./session_limits.ts";
import type { SessionServices } from "./session_options.ts";
import { type SessionPlace, SessionPlaces } from "./session_places.ts";
import { connectionGone, shuttingDown } from "./session_refusals.ts";
import { sessionConfig } from "./session_settings.ts";
import type { SessionUser } from "./session_user.ts";

/** Options of {@linkcode SessionMaker}. */
export interface SessionMakerOptions {
  readonly runtimes: Pick<RuntimeRegistry, "choose">;
  readonly limits: SessionLimits;
  /** Where the new sessions go. */
  readonly sessions: OpenSessions;
  /** Sessions that will be there beside those that are open and those in creation. */
  readonly expected: () => number;
  /** Aborted when the server stops. */
  readonly signal: AbortSignal;
}

/** Makes sessions for clients, within the limits. */
export class SessionMaker {
  readonly #options: SessionMakerOptions;
  readonly #services: SessionServices;
  readonly #creating = new Set<Promise<unknown>>();
  readonly #places: SessionPlaces;

  /** Has nothing to make yet. */
  constructor(options: SessionMakerOptions, services: SessionServices) {
    this.#options = options;
    this.#services = services;
    this.#places = new SessionPlaces(options.limits);
  }

  /** Makes a session. Throws a `SandboxError` of many codes, or `InvalidParamsError`. */
  async make(params: SessionCreate, user: SessionUser): Promise<Session> {
    const { limits, sessions, expected } = this.#options;
    const { clock, events } = this.#services;
    const startedAt = clock.now();
    try {
      const config = sessionConfig(params, limits);
      checkFiles(params.files ?? {}, limits);
      const total = sessions.size + this.#creating.size + expected();
      using place = this.#places.take(total, user.watcher?.id);
      const session = await this.#counted(this.#make(params, config, user, place));
      events.sessionCreated?.({ ...session.kind, createMs: clock.now() - startedAt });
      return session;
    } catch (error) {
      events.sessionCreateFailed?.({ error });
      throw error;
    }
  }

  /** Resolves when none is in creation any more. */
  async idle(): Promise<void> {
    await Promise.allSettled(this.#creating);
  }

  /** Counts a session towards the limit while it is made. */
  async #counted<T>(making: Promise<T>): Promise<T> {
    this.#creating.add(making);
    try {
      return await making;
    } finally {
      this.#creating.delete(making);
    }
  }

  async #make(
    params: SessionCreate,
    config: ReturnType<typeof sessionConfig>,
    { caller, watcher }: SessionUser,
    place: SessionPlace,
  ): Promise<Session> {
    const { runtimes, sessions, signal } = this.#options;
    const { language, env = {}, files = {}, metadata = {} } = params;
    const { runtime, sandbox } = await makeSandbox({
      choose: () => runtimes.choose(params),
      spec: { ...config, language, env: params.env, onProgress: watcher?.progress },
      files,
      stops: [
        { signal, error: shuttingDown },
        // Nobody would learn the id of the session.
        ...watcher === undefined ? [] : [{ signal: watcher.gone, error: connectionGone }],
      ],
    }, this.#services);
    place.keep();
    const createdAt = this.#services.clock.wallTime();
    const facts = {
      ...{ id: newId(), caller, language, runtime: runtime.name, config, metadata, env },
      ...{ createdAt, lastActivityAt: createdAt, executionCount: 0 },
    };
    const onClosing = () => {
      if (watcher !== undefined) this.#places.leave(watcher.id);
    };
    const session = sessions.open(facts, sandbox, { onClosing });
    if (watcher !== undefined) session.watch(watcher);
    return session;
  }
}
