import { assertEquals, assertRejects } from "@std/assert";
import { EmulatorTurns } from "../../../src/sessions/terminals/emulator_turns.ts";
import { FakeClock, settled } from "../fake_clock.ts";

Deno.test("EmulatorTurns.take() does let one work at a time, and rest longer than it has worked", async () => {
  const clock = new FakeClock();
  const turns = new EmulatorTurns(clock);
  const done: string[] = [];
  const work = (name: string, ms: number) => async () => {
    done.push(`${name} begins`);
    await new Promise<void>((resolve) => void clock.after(ms, resolve));
    done.push(`${name} ends`);
    return name;
  };
  const first = turns.take(work("a", 10));
  const second = turns.take(work("b", 1));
  await clock.advance(10);
  assertEquals([await first, done], ["a", ["a begins", "a ends"]]);
  await clock.advance(39);
  assertEquals(done.length, 2);
  await clock.advance(2);
  assertEquals([await second, done.slice(2)], ["b", ["b begins", "b ends"]]);
});

Deno.test("EmulatorTurns.take() does go on behind work that fails", async () => {
  const clock = new FakeClock();
  const turns = new EmulatorTurns(clock);
  const failing = turns.take(() => Promise.reject(new Error("no")));
  const other = turns.take(() => "yes");
  await assertRejects(() => failing, Error, "no");
  await settled();
  assertEquals(await other, "yes");
});
