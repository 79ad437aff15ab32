import { assertEquals } from "@std/assert";
import { EventLoopDelay, type Timers } from "../../src/metrics/event_loop_delay.ts";

/** Timers that fire as late as a test says. */
class LateTimers implements Timers {
  #now = 5000;
  #timer: { at: number; action: () => void } | undefined;

  now(): number {
    return this.#now;
  }

  after(ms: number, action: () => void): Disposable {
    const timer = this.#timer = { at: this.#now + ms, action };
    return {
      [Symbol.dispose]: () => {
        if (this.#timer === timer) this.#timer = undefined;
      },
    };
  }

  get isSet(): boolean {
    return this.#timer !== undefined;
  }

  /** Fires what is set, so many milliseconds late. */
  fire(lateMs: number): void {
    const timer = this.#timer!;
    this.#timer = undefined;
    this.#now = timer.at + lateMs;
    timer.action();
  }
}

Deno.test("EventLoopDelay() reports by how much timers are late", () => {
  const timers = new LateTimers();
  const seconds: number[] = [];
  using _delay = new EventLoopDelay((delay) => seconds.push(delay), { intervalMs: 100, timers });
  for (const late of [0, 250, -0.5, 3]) timers.fire(late);
  assertEquals(seconds, [0, 0.25, 0, 0.003]);
});

Deno.test("EventLoopDelay[Symbol.dispose]() ends the timer", async (t) => {
  await t.step("before it fired", () => {
    const timers = new LateTimers();
    const delay = new EventLoopDelay(() => {}, { timers });
    delay[Symbol.dispose]();
    assertEquals(timers.isSet, false);
  });
  await t.step("after it fired", () => {
    const timers = new LateTimers();
    const delay = new EventLoopDelay(() => {}, { timers });
    timers.fire(1);
    delay[Symbol.dispose]();
    assertEquals(timers.isSet, false);
  });
  await t.step("while it reports", () => {
    const timers = new LateTimers();
    const stack = new DisposableStack();
    stack.use(new EventLoopDelay(() => stack.dispose(), { timers }));
    timers.fire(1);
    assertEquals(timers.isSet, false);
  });
});
