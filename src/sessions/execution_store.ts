import { InvalidParamsError, SandboxError } from "../errors.ts";
import { charactersOf } from "./characters_of.ts";
import type { Clock } from "./clock.ts";
import type { Execution } from "./execution.ts";
import type { Deadline, Expiry } from "./expiry.ts";

/** Options of {@linkcode ExecutionStore}. */
export interface ExecutionStoreOptions {
  /** Where time comes from. */
  readonly clock: Clock;
  /** Where the deadline of the oldest result is kept. */
  readonly expiry: Expiry;
  /** Milliseconds for which an ended execution is kept. */
  readonly retentionMs: number;
  /** Ended executions kept in all. @default {10000} */
  readonly maxCount?: number;
  /**
   * Bytes of ended executions kept in all. One that takes more than a quarter is not kept, so that it
   * does not push all the others out. @default {268435456}
   */
  readonly maxBytes?: number;
}

interface Kept {
  readonly until: number;
  readonly bytes: number;
}

/** What an ended execution takes beside its texts. */
const OVERHEAD_BYTES = 1024;

/** The executions of every caller: those under way, and for a while those that ended. */
export class ExecutionStore {
  readonly #clock: Clock;
  readonly #expiry: Expiry;
  readonly #retentionMs: number;
  readonly #maxCount: number;
  readonly #maxBytes: number;
  readonly #byKey = new Map<string, Execution>();
  /** Ended ones, oldest first. */
  readonly #kept = new Map<Execution, Kept>();
  #keptBytes = 0;
  #deadline: Deadline | undefined;

  /** Makes an empty store. */
  constructor(options: ExecutionStoreOptions) {
    const { maxCount = 10_000, maxBytes = 256 * 1024 * 1024 } = options;
    this.#clock = options.clock;
    this.#expiry = options.expiry;
    this.#retentionMs = options.retentionMs;
    this.#maxCount = maxCount;
    this.#maxBytes = maxBytes;
  }

  /** Ended executions that are kept, and the bytes they take. */
  get kept(): { count: number; bytes: number } {
    return { count: this.#kept.size, bytes: this.#keptBytes };
  }

  /** Throws `InvalidParamsError` if the caller has an execution of that id. */
  assertFree(caller: string, id: string): void {
    if (!this.#byKey.has(keyOf(caller, id))) return;
    const message = `Execution id "${id}" is in use, choose another or leave it out`;
    throw new InvalidParamsError([{ path: ["executionId"], message }]);
  }

  /** Takes an execution that has not ended. Throws `InvalidParamsError` if its id is in use. */
  add(execution: Execution): void {
    this.assertFree(execution.caller, execution.id);
    this.#byKey.set(keyOf(execution.caller, execution.id), execution);
  }

  /** Returns a caller's execution. Throws a `SandboxError` of code `execution_not_found`. */
  get(caller: string, id: string, sessionId?: string): Execution {
    const execution = this.#byKey.get(keyOf(caller, id));
    if (execution === undefined || (sessionId ?? execution.sessionId) !== execution.sessionId) {
      throw new SandboxError("execution_not_found", `Execution not found: ${id}`);
    }
    return execution;
  }

  /** A caller's executions in a session, oldest first. */
  ofSession(caller: string, sessionId: string): Execution[] {
    return [...this.#byKey.values()]
      .filter((execution) => execution.caller === caller && execution.sessionId === sessionId);
  }

  /** Keeps an execution that has ended for as long as there is time and room. */
  retire(execution: Execution): void {
    const bytes = sizeOf(execution);
    this.#kept.set(execution, { until: this.#clock.now() + this.#retentionMs, bytes });
    this.#keptBytes += bytes;
    if (this.#retentionMs <= 0 || bytes > this.#maxBytes / 4) this.#forget(execution);
    while (this.#kept.size > this.#maxCount || this.#keptBytes > this.#maxBytes) {
      const [oldest] = this.#kept.keys();
      if (oldest === undefined) break;
      this.#forget(oldest);
    }
    this.#arm();
  }

  #forget(execution: Execution): void {
    this.#keptBytes -= this.#kept.get(execution)?.bytes ?? 0;
    this.#kept.delete(execution);
    this.#byKey.delete(keyOf(execution.caller, execution.id));
  }

  #arm(): void {
    const [oldest] = this.#kept.values();
    if (oldest === undefined || this.#deadline !== undefined) return;
    this.#deadline = this.#expiry.schedule(oldest.until, () => {
      this.#deadline = undefined;
      const now = this.#clock.now();
      for (const [execution, { until }] of this.#kept) {
        if (until > now) break;
        this.#forget(execution);
      }
      this.#arm();
    });
  }
}

/** Ids hold no NUL, so that no two pairs share a key. */
function keyOf(caller: string, id: string): string {
  return `${id}\0${caller}`;
}

function sizeOf({ envelope, output, process }: Execution): number {
  const characters = charactersOf(envelope) + charactersOf(process?.args);
  const screenBytes = process?.terminal?.screen.endedBytes ?? 0;
  return OVERHEAD_BYTES + (output?.keptBytes ?? 0) + screenBytes + 2 * characters;
}
