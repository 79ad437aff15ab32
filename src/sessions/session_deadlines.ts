import type { Clock } from "./clock.ts";
import type { Deadline, Expiry } from "./expiry.ts";

/** Options of {@linkcode SessionDeadlines}. */
export interface SessionDeadlinesOptions {
  readonly clock: Clock;
  readonly expiry: Expiry;
  /** When the session began, in milliseconds since 1970; a former server may have begun it. */
  readonly createdAt: number;
  /** When something happened last, in milliseconds since 1970. */
  readonly lastActivityAt: number;
  /** Milliseconds without activity until `onIdle`. */
  readonly idleMs: number;
  /** Milliseconds from the beginning until `onLifetime`. */
  readonly lifetimeMs: number;
  /** Milliseconds without activity until `onRest`. */
  readonly restMs: number;
  /** Whether a command runs or waits, so that the session neither rests nor idles out. */
  readonly isBusy: () => boolean;
  /** The session has idled out. */
  readonly onIdle: () => void;
  /** The session has lived long enough. */
  readonly onLifetime: () => void;
  /** The session has gone quiet; called again after further activity. */
  readonly onRest: () => void;
}

/** When a session rests, idles out, and ends in any case. */
export class SessionDeadlines implements Disposable {
  readonly #options: SessionDeadlinesOptions;
  /** When the session began, on the clock; before its zero, if a former server began it. */
  readonly startedAt: number;
  #lastActivity: number;
  #lastActivityWall: number;
  #idleMs: number;
  #lifetimeMs: number;
  #idle: Deadline;
  #rest: Deadline | undefined;
  readonly #lifetime: Deadline;
  #disposed = false;

  /** Starts every deadline. */
  constructor(options: SessionDeadlinesOptions) {
    const { clock, expiry, createdAt, lastActivityAt, idleMs, lifetimeMs, onLifetime } = options;
    this.#options = options;
    const [now, wall] = [clock.now(), clock.wallTime()];
    // The system's clock may have been set back since.
    this.startedAt = now - Math.max(0, wall - createdAt);
    this.#lastActivity = now - Math.max(0, wall - lastActivityAt);
    this.#lastActivityWall = Math.min(wall, lastActivityAt);
    this.#idleMs = idleMs;
    this.#lifetimeMs = lifetimeMs;
    this.#lifetime = expiry.schedule(this.expiresAt, onLifetime);
    this.#idle = expiry.schedule(this.idleExpiresAt, this.#onIdle);
    this.#scheduleRest();
  }

  /** Puts off resting and idling out. */
  touch(): void {
    if (this.#disposed) return;
    const { clock } = this.#options;
    this.#lastActivity = clock.now();
    this.#lastActivityWall = clock.wallTime();
    this.#idle.moveTo(this.idleExpiresAt);
    this.#scheduleRest();
  }

  /** Sets the lengths, in milliseconds; the lifetime counts from the session's beginning. */
  extend(idleMs: number, lifetimeMs: number): void {
    this.#idleMs = idleMs;
    this.#lifetimeMs = lifetimeMs;
    this.#lifetime.moveTo(this.expiresAt);
    this.touch();
  }

  /** When the lifetime ends, on the clock. */
  get expiresAt(): number {
    return this.startedAt + this.#lifetimeMs;
  }

  /** When the session idles out if nothing more happens, on the clock. */
  get idleExpiresAt(): number {
    return this.#lastActivity + this.#idleMs;
  }

  /** When something happened last, in milliseconds since 1970. */
  get lastActivityWall(): number {
    return this.#lastActivityWall;
  }

  /** Milliseconds since something happened; 0 while a command runs or waits. */
  get idleMs(): number {
    return this.#options.isBusy() ? 0 : this.#options.clock.now() - this.#lastActivity;
  }

  /** Forgets every deadline. */
  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#idle[Symbol.dispose]();
    this.#lifetime[Symbol.dispose]();
    this.#rest?.[Symbol.dispose]();
  }

  #scheduleRest(): void {
    const { expiry, restMs } = this.#options;
    const at = this.#lastActivity + restMs;
    if (this.#rest === undefined) this.#rest = expiry.schedule(at, this.#onRest);
    else this.#rest.moveTo(at);
  }

  readonly #onRest = (): void => {
    this.#rest = undefined;
    // The end of what runs is an activity, after which it is scheduled again.
    if (!this.#options.isBusy()) this.#options.onRest();
  };

  readonly #onIdle = (): void => {
    const { clock, expiry, isBusy, onIdle } = this.#options;
    if (isBusy()) {
      this.#idle = expiry.schedule(clock.now() + this.#idleMs, this.#onIdle);
    } else {
      onIdle();
    }
  };
}
