import { SandboxError } from "../errors.ts";

/** When a client that found the queue full may try again. */
const RETRY_AFTER_MS = 500;

/** Limits of a {@linkcode CommandQueue}. */
export interface CommandQueueOptions {
  /** Commands that may wait; as many may run concurrently. */
  readonly maxWaiting: number;
  /** Bytes of content that may wait in all, though one command may always wait. */
  readonly maxBytes: number;
}

/** How a command is queued. */
export interface EnqueueOptions {
  /** Starts it at once, beside the others. @default {false} */
  readonly concurrent?: boolean;
  /** About how many bytes it holds while it waits. @default {0} */
  readonly bytes?: number;
  /**
   * Commands of different lanes run side by side, those of one lane in turn. A command without a lane waits
   * for all that came before it, and all that come after it wait for it.
   */
  readonly lane?: string | undefined;
}

/** Runs the next command, to its end; must not reject. */
export type QueuedTask = () => Promise<void>;

interface Waiting {
  readonly task: QueuedTask;
  readonly bytes: number;
  readonly lane: string | undefined;
}

/** The commands of one session, one after the other in the order of their arrival. */
export class CommandQueue<Key> {
  readonly #options: CommandQueueOptions;
  readonly #waiting = new Map<Key, Waiting>();
  #waitingBytes = 0;
  /** The lanes of the commands that run in turn; one without a lane runs alone. */
  readonly #inTurn = new Set<string | undefined>();
  #concurrent = 0;

  /** Makes an empty queue. */
  constructor(options: CommandQueueOptions) {
    this.#options = options;
  }

  /** Commands that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** Commands that have been started and have not ended. */
  get running(): number {
    return this.#inTurn.size + this.#concurrent;
  }

  /** Throws a `SandboxError` of code `queue_full` if one more command has no place. */
  assertRoom(options: EnqueueOptions = {}): void {
    const { concurrent = false, bytes = 0, lane } = options;
    const { maxWaiting, maxBytes } = this.#options;
    if (concurrent) {
      if (this.#concurrent >= maxWaiting) {
        throw full(`${this.#concurrent} commands run at the same time`, maxWaiting);
      }
    } else if (!this.#mayStart(lane)) {
      if (this.#waiting.size >= maxWaiting) {
        throw full(`${this.#waiting.size} commands wait for their turn`, maxWaiting);
      }
      if (this.#waiting.size > 0 && this.#waitingBytes + bytes > maxBytes) {
        throw full(`the waiting commands hold ${this.#waitingBytes} bytes`, maxBytes);
      }
    }
  }

  /** Starts a command now or when its turn comes. Throws as {@linkcode assertRoom} does. */
  add(key: Key, task: QueuedTask, options: EnqueueOptions = {}): void {
    this.assertRoom(options);
    const { concurrent = false, bytes = 0, lane } = options;
    if (concurrent) {
      this.#concurrent++;
      void task().finally(() => this.#concurrent--);
      return;
    }
    this.#waiting.set(key, { task, bytes, lane });
    this.#waitingBytes += bytes;
    this.#startNext();
  }

  /** Takes a command out that has not been started; false if there is none. */
  remove(key: Key): boolean {
    const entry = this.#waiting.get(key);
    if (entry === undefined) return false;
    this.#take(key, entry);
    // It may have kept others waiting.
    this.#startNext();
    return true;
  }

  #take(key: Key, { bytes }: Waiting): void {
    this.#waiting.delete(key);
    this.#waitingBytes -= bytes;
  }

  /** Whether a command that comes now runs at once. */
  #mayStart(lane: string | undefined): boolean {
    const lanes = new Set([...this.#waiting.values()].map((waiting) => waiting.lane));
    return fits(lane, this.#inTurn) && fits(lane, lanes);
  }

  /** Starts what waits and may run, in the order of arrival. */
  #startNext(): void {
    const before = new Set(this.#inTurn);
    for (const [key, waiting] of this.#waiting) {
      const { task, lane } = waiting;
      if (fits(lane, before)) {
        this.#take(key, waiting);
        this.#inTurn.add(lane);
        void this.#runInTurn(task, lane);
      }
      before.add(lane);
      if (before.has(undefined)) return;
    }
  }

  async #runInTurn(task: QueuedTask, lane: string | undefined): Promise<void> {
    await task();
    this.#inTurn.delete(lane);
    this.#startNext();
  }
}

/** Whether a command may run beside those of some lanes, or pass them while they wait. */
function fits(lane: string | undefined, others: ReadonlySet<string | undefined>): boolean {
  return lane === undefined ? others.size === 0 : !others.has(undefined) && !others.has(lane);
}

function full(found: string, limit: number): SandboxError {
  const message = `Cannot queue the command: ${found}, at most ${limit} may; wait for answers ` +
    "before sending more";
  return new SandboxError("queue_full", message, { data: { limit, retryAfterMs: RETRY_AFTER_MS } });
}
