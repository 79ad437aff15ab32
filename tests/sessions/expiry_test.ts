import { assertEquals, assertLess } from "@std/assert";
import { Expiry } from "../../src/sessions/expiry.ts";
import { FakeClock } from "./fake_clock.ts";

function setUp() {
  const clock = new FakeClock();
  const errors: unknown[] = [];
  const expiry = new Expiry(clock, (error) => errors.push(error));
  return { clock, expiry, errors, start: clock.now() };
}

Deno.test("Expiry.schedule() calls every action at its time", async () => {
  const { clock, expiry, start } = setUp();
  const fired: [number, number][] = [];
  for (const ms of [500, 100, 300, 100, 0]) {
    expiry.schedule(start + ms, () => fired.push([ms, clock.now() - start]));
  }
  await clock.advance(99);
  assertEquals(fired, [[0, 0]]);
  await clock.advance(1000);
  assertEquals(fired.map(([ms]) => ms), [0, 100, 100, 300, 500]);
  assertEquals(fired.every(([ms, at]) => ms === at), true);
  assertEquals([expiry.size, clock.timers], [0, 0]);
});

Deno.test("Expiry.schedule() waits longer than any timer of the system can", async () => {
  const { clock, expiry, start } = setUp();
  const days = 24 * 3600 * 1000;
  let firedAt = 0;
  expiry.schedule(start + 100 * days, () => firedAt = clock.now() - start);
  await clock.advance(99 * days);
  assertEquals(firedAt, 0);
  await clock.advance(2 * days);
  assertEquals(firedAt, 100 * days);
});

Deno.test("Expiry keeps 10,000 deadlines with one timer and fires each on time", async () => {
  const { clock, expiry, start } = setUp();
  const late: number[] = [];
  let fired = 0;
  let state = 12345;
  for (let i = 0; i < 10_000; i++) {
    state = (state * 1103515245 + 12345) % 2 ** 31;
    const at = start + 1000 + state % 50;
    expiry.schedule(at, () => {
      fired++;
      if (clock.now() !== at) late.push(at);
    });
  }
  assertEquals(clock.timers, 1);
  await clock.advance(2000);
  assertEquals([fired, late], [10_000, []]);
  assertLess(clock.timersSet, 200);
});

Deno.test("Deadline.moveTo() puts off without touching the timer, and brings forward", async () => {
  const { clock, expiry, start } = setUp();
  const fired: number[] = [];
  const deadline = expiry.schedule(start + 100, () => fired.push(clock.now() - start));
  const set = clock.timersSet;
  for (let i = 1; i <= 1000; i++) deadline.moveTo(start + 100 + i);
  assertEquals(clock.timersSet, set);
  await clock.advance(1099);
  assertEquals(fired, []);
  await clock.advance(1);
  assertEquals(fired, [1100]);
  const other = expiry.schedule(start + 5000, () => fired.push(clock.now() - start));
  other.moveTo(start + 2000);
  await clock.advance(2000);
  assertEquals(fired, [1100, 2000]);
  other.moveTo(start + 9000);
  await clock.advance(9000);
  assertEquals(fired.length, 2);
});

Deno.test("Deadline is cancelled by disposing it, in any order", async () => {
  const { clock, expiry, start } = setUp();
  const fired: number[] = [];
  const deadlines = Array.from(
    { length: 100 },
    (_, i) => expiry.schedule(start + 1000 + (i * 37) % 100, () => fired.push(i)),
  );
  for (const [i, deadline] of deadlines.entries()) if (i % 3 !== 0) deadline[Symbol.dispose]();
  assertEquals(expiry.size, 34);
  await clock.advance(2000);
  assertEquals(fired.length, 34);
  assertEquals(fired.every((i) => i % 3 === 0), true);
  assertEquals(
    fired.map((i) => (i * 37) % 100).every((at, i, all) => i === 0 || at >= all[i - 1]!),
    true,
  );
});

Deno.test("Expiry goes on after an action that throws", async () => {
  const { clock, expiry, errors, start } = setUp();
  let fired = false;
  expiry.schedule(start + 1, () => {
    throw new Error("broken");
  });
  expiry.schedule(start + 1, () => fired = true);
  await clock.advance(10);
  assertEquals([fired, errors.map(String)], [true, ["Error: broken"]]);
});

Deno.test("Expiry takes new deadlines from an action", async () => {
  const { clock, expiry, start } = setUp();
  const fired: number[] = [];
  expiry.schedule(start + 10, () => {
    expiry.schedule(start + 10, () => fired.push(clock.now() - start));
    expiry.schedule(start + 30, () => fired.push(clock.now() - start));
  });
  await clock.advance(100);
  assertEquals(fired, [10, 30]);
});

Deno.test("Expiry forgets everything when it is disposed", async () => {
  const { clock, expiry, start } = setUp();
  let fired = 0;
  const deadline = expiry.schedule(start + 10, () => fired++);
  expiry[Symbol.dispose]();
  deadline.moveTo(start + 5);
  expiry.schedule(start + 10, () => fired++);
  await clock.advance(100);
  assertEquals([fired, clock.timers, expiry.size], [0, 0, 0]);
});
