import { openBell, poll, POLLIN, ring, silence } from "./terminal_calls.ts";

/** How long is waited for what there is if nothing can tell that there is more. */
const NO_BELL_MS = 20;

interface Waiter {
  readonly fd: number;
  readonly events: number;
  readonly resolve: (events: number) => void;
}

/**
 * Waits for terminals. Deno cannot, but by a read that holds one of its few threads; this takes one thread
 * for all of them, and none while nobody waits.
 */
export class TerminalPoll {
  readonly #waiters = new Set<Waiter>();
  #bell: number | undefined;
  #isPolling = false;

  /** Waits until one of the events comes, and returns those that have; 0 if it was told to stop. */
  wait(fd: number, events: number): Promise<number> {
    return new Promise((resolve) => {
      this.#waiters.add({ fd, events, resolve });
      this.#wake();
    });
  }

  /** Stops waiting for a file, before it is closed. */
  forget(fd: number): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.fd === fd) this.#settle(waiter, 0);
    }
    this.#wake();
  }

  #settle(waiter: Waiter, events: number): void {
    if (this.#waiters.delete(waiter)) waiter.resolve(events);
  }

  #wake(): void {
    if (this.#isPolling) {
      if (this.#bell !== undefined) ring(this.#bell);
    } else if (this.#waiters.size > 0) {
      this.#isPolling = true;
      void this.#run();
    }
  }

  async #run(): Promise<void> {
    const bell = this.#bell ??= openBell();
    // What was asked for in this turn is waited for together.
    await Promise.resolve();
    while (this.#waiters.size > 0) {
      const waiters = [...this.#waiters];
      const files = [{ fd: bell, events: POLLIN }, ...waiters];
      const [rung = 0, ...events] = await poll(files, bell < 0 ? NO_BELL_MS : -1);
      if (rung !== 0) silence(bell);
      waiters.forEach((waiter, index) => {
        const seen = events[index] ?? 0;
        if (seen !== 0) this.#settle(waiter, seen);
      });
      // Those who were waiting ask again before the next round.
      await Promise.resolve();
    }
    this.#isPolling = false;
  }
}
