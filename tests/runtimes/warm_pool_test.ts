import { assert, assertEquals } from "@std/assert";
import { delay } from "@std/async";
import { type Warm, WarmPool, type WarmPoolSettings } from "../../src/runtimes/warm_pool.ts";

class Item implements Warm {
  readonly profile: string;
  isReady = false;
  alive = true;
  readonly ready: Promise<boolean>;

  constructor(profile: string, fails = false) {
    this.profile = profile;
    this.ready = Promise.resolve().then(() => {
      this.alive = !fails;
      return this.isReady = !fails;
    });
  }

  // deno-lint-ignore require-await -- the pool's contract
  async [Symbol.asyncDispose](): Promise<void> {
    this.alive = false;
  }
}

interface Fixture extends AsyncDisposable {
  pool: WarmPool<string, Item>;
  started: Item[];
  failures: unknown[];
}

function fixture(settings: Partial<WarmPoolSettings<string, Item>> = {}): Fixture {
  const started: Item[] = [];
  const failures: unknown[] = [];
  const pool = new WarmPool<string, Item>({
    start: (profile) => {
      const item = new Item(profile);
      started.push(item);
      return Promise.resolve(item);
    },
    capacity: 4,
    reserve: 2,
    idleMs: 60_000,
    onFailure: (error) => failures.push(error),
    ...settings,
  });
  return { pool, started, failures, [Symbol.asyncDispose]: () => pool[Symbol.asyncDispose]() };
}

async function until(condition: () => boolean, what: string): Promise<void> {
  for (let round = 0; round < 1000; round++) {
    if (condition()) return;
    await delay(5);
  }
  throw new Error(`Waited in vain until ${what}`);
}

Deno.test("WarmPool keeps its reserve and hands out what is ready", async () => {
  await using f = fixture();
  assertEquals(f.pool.take("a", "a"), undefined);
  f.pool.prepare("b", "b");
  await until(() => f.pool.stats.ready >= 4, "both profiles have theirs");
  const item = f.pool.take("b", "b");
  assertEquals([item?.profile, item?.isReady], ["b", true]);
  assertEquals([f.pool.stats.hits, f.pool.stats.misses], [1, 1]);
});

Deno.test("WarmPool never hands the same item out twice and refills", async () => {
  await using f = fixture();
  f.pool.prepare("a", "a");
  const taken = new Set<Item>();
  for (let round = 0; round < 20; round++) {
    await until(() => f.pool.stats.ready > 0, "there is one");
    const item = f.pool.take("a", "a");
    assert(item !== undefined && !taken.has(item));
    taken.add(item);
  }
});

Deno.test("WarmPool keeps more of what is taken often, up to its capacity", async () => {
  await using f = fixture();
  f.pool.prepare("a", "a");
  for (let round = 0; round < 9; round++) f.pool.take("a", "a");
  await until(() => f.pool.stats.ready === 4, "the capacity is used");
  await delay(60);
  assertEquals(f.pool.stats.ready, 4);
  assertEquals(f.started.filter(({ alive }) => alive).length >= 4, true);
});

Deno.test("WarmPool takes the room from the profile that was used least recently", async () => {
  await using f = fixture({ reserve: 0 });
  for (let round = 0; round < 4; round++) f.pool.take("old", "old");
  await until(() => f.pool.stats.ready === 4, "the old profile fills the pool");
  await delay(2);
  for (let round = 0; round < 4; round++) f.pool.take("new", "new");
  await until(
    () => f.started.filter((i) => i.profile === "new" && i.isReady).length >= 4,
    "it gave way",
  );
  const alive = f.started.filter((item) => item.alive && item.isReady);
  assert(alive.filter(({ profile }) => profile === "old").length < 4);
});

Deno.test("WarmPool gives back what nobody takes, but for the reserve", async () => {
  await using f = fixture({ idleMs: 40, reserve: 1 });
  f.pool.prepare("a", "a");
  for (let round = 0; round < 9; round++) f.pool.take("a", "a");
  for (let round = 0; round < 3; round++) f.pool.take("b", "b");
  await until(() => f.started.filter(({ alive }) => !alive).length > 0, "some are ended");
  await until(() => f.pool.stats.ready === 1, "only the reserve is left");
});

Deno.test("WarmPool reports a start that fails and does not try for ever", async () => {
  let starts = 0;
  await using f = fixture({
    start: (profile) => {
      starts++;
      return starts % 2 === 0
        ? Promise.reject(new Error("no process"))
        : Promise.resolve(new Item(profile, true));
    },
  });
  f.pool.prepare("a", "a");
  await until(() => f.failures.length >= 2, "both kinds of failure are told");
  const before = starts;
  await delay(80);
  assertEquals(starts, before);
});

Deno.test("WarmPool ends everything with itself", async () => {
  const f = fixture();
  f.pool.prepare("a", "a");
  await until(() => f.pool.stats.ready === 2, "the reserve is there");
  await f.pool[Symbol.asyncDispose]();
  assertEquals(f.started.filter(({ alive }) => alive), []);
  assertEquals(f.pool.take("a", "a"), undefined);
});

Deno.test("WarmPool of capacity 0 starts nothing", async () => {
  await using f = fixture({ capacity: 0 });
  f.pool.prepare("a", "a");
  assertEquals(f.pool.take("a", "a"), undefined);
  await delay(40);
  assertEquals(f.started, []);
});
