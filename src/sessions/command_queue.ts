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
}

/** Runs the next command, to its end; must not reject. */
export type QueuedTask = () => Promise<void>;

interface Waiting {
  readonly task: QueuedTask;
  readonly bytes: number;
}

/** The commands of one session, one after the other in the order of their arrival. */
export class CommandQueue<Key> {
  readonly #options: CommandQueueOptions;
  readonly #waiting = new Map<Key, Waiting>();
  #waitingBytes = 0;
  #inTurn = 0;
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
    return this.#inTurn + this.#concurrent;
  }

  /** Throws a `SandboxError` of code `queue_full` if one more command has no place. */
  assertRoom(options: EnqueueOptions = {}): void {
    const { concurrent = false, bytes = 0 } = options;
    const { maxWaiting, maxBytes } = this.#options;
    if (concurrent) {
      if (this.#concurrent >= maxWaiting) {
        throw full(`${this.#concurrent} commands run at the same time`, maxWaiting);
      }
    } else if (this.#inTurn > 0) {
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
    const { concurrent = false, bytes = 0 } = options;
    if (concurrent) {
      this.#concurrent++;
      void task().finally(() => this.#concurrent--);
    } else if (this.#inTurn > 0) {
      this.#waiting.set(key, { task, bytes });
      this.#waitingBytes += bytes;
    } else {
      this.#inTurn = 1;
      void this.#runInTurn(task);
    }
  }

  /** Takes a command out that has not been started; false if there is none. */
  remove(key: Key): boolean {
    const entry = this.#waiting.get(key);
    if (entry === undefined) return false;
    this.#waiting.delete(key);
    this.#waitingBytes -= entry.bytes;
    return true;
  }

  async #runInTurn(first: QueuedTask): Promise<void> {
    for (let task: QueuedTask | undefined = first; task !== undefined; task = this.#next()) {
      await task();
    }
    this.#inTurn = 0;
  }

  #next(): QueuedTask | undefined {
    const [first] = this.#waiting;
    if (first === undefined) return undefined;
    const [key, { task }] = first;
    this.remove(key);
    return task;
  }
}

function full(found: string, limit: number): SandboxError {
  const message = `Cannot queue the command: ${found}, at most ${limit} may; wait for answers ` +
    "before sending more";
  return new SandboxError("queue_full", message, { data: { limit, retryAfterMs: RETRY_AFTER_MS } });
}
