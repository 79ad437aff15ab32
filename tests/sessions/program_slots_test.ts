import { assertEquals } from "@std/assert";
import { ProgramSlots } from "../../src/sessions/program_slots.ts";
import { settled } from "./fake_clock.ts";

const never = new AbortController().signal;

Deno.test("ProgramSlots lets in as many as there are slots, then one for each that leaves", async () => {
  const slots = new ProgramSlots(2);
  const log: number[] = [];
  const held: (Disposable | undefined)[] = [];
  for (let i = 0; i < 5; i++) {
    slots.acquire(never).then((slot) => {
      log.push(i);
      held[i] = slot;
    });
  }
  await settled();
  assertEquals([log, slots.waiting], [[0, 1], 3]);
  held[1]?.[Symbol.dispose]();
  held[1]?.[Symbol.dispose]();
  await settled();
  assertEquals(log, [0, 1, 2], "a slot given back twice is one slot");
  for (const i of [0, 2, 3, 4]) {
    held[i]?.[Symbol.dispose]();
    await settled();
  }
  assertEquals([log, slots.waiting], [[0, 1, 2, 3, 4], 0]);
});

Deno.test("ProgramSlots.acquire() resolves without a slot when its signal is aborted", async () => {
  const slots = new ProgramSlots(1);
  const first = await slots.acquire(never);
  const controller = new AbortController();
  const second = slots.acquire(controller.signal);
  const third = slots.acquire(never);
  controller.abort();
  assertEquals(await second, undefined);
  assertEquals(await slots.acquire(controller.signal), undefined);
  first?.[Symbol.dispose]();
  const slot = await third;
  assertEquals([slot !== undefined, slots.waiting], [true, 0]);
  slot?.[Symbol.dispose]();
});
