import { assertEquals, assertRejects } from "@std/assert";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import {
  type EngineEvent,
  eventStream,
} from "../../../../src/runtimes/docker/engine/event_stream.ts";
import { until, within } from "../../../testutil/within.ts";
import { FakeEngine, type FakeRoutes } from "./fake_engine.ts";
import type { FakeExchange } from "./fake_exchange.ts";

function event(Action: string): string {
  const value: EngineEvent = {
    Type: "container",
    Action,
    Actor: { ID: "c", Attributes: {} },
    time: 1,
    timeNano: 1e9,
  };
  return `${JSON.stringify(value)}\n`;
}

/** Tells of one event, then does `then`. */
function telling(then: (exchange: FakeExchange) => void | Promise<void>): FakeRoutes {
  return {
    "GET /events": async (exchange) => {
      await exchange.startChunks();
      await exchange.chunk(event("start"));
      await then(exchange);
    },
  };
}

Deno.test("eventStream() asks for what is wanted", async () => {
  await using fake = await FakeEngine.start(telling((exchange) => exchange.closedByClient()));
  using engine = await fake.client();
  const events = await eventStream(engine, { filters: { event: ["die"] }, since: 12.5 });
  assertEquals(
    fake.log.at(-1),
    "GET /v1.41/events?filters=%7B%22event%22%3A%5B%22die%22%5D%7D&since=12.5",
  );
  await events.cancel();
  await until(() => fake.openConnections === 0, 10_000, "the connection to be closed");
});

Deno.test("eventStream() misses nothing between the engine's answer and its listening", async () => {
  await using fake = await FakeEngine.start({
    ...telling((exchange) => exchange.closedByClient()),
    "GET /_ping": (exchange) =>
      exchange.respond(200, "OK", {
        "Api-Version": "1.41",
        "Date": "Thu, 01 Jan 1970 00:02:00 GMT",
      }),
  });
  using engine = await fake.client();
  const events = await eventStream(engine);
  assertEquals(fake.log.at(-1), "GET /v1.41/events?since=120");
  await events.cancel();
});

Deno.test("eventStream() ends cleanly when it is aborted, before and in the middle of a read", async () => {
  await using fake = await FakeEngine.start(telling((exchange) => exchange.closedByClient()));
  using engine = await fake.client();
  const controller = new AbortController();
  const seen: string[] = [];
  const reading = (async () => {
    for await (const { Action } of await eventStream(engine, { signal: controller.signal })) {
      seen.push(Action);
    }
  })();
  await until(() => seen.length === 1, 10_000, "the first event");
  controller.abort(new URIError("enough"));
  await reading;
  assertEquals(seen, ["start"]);

  const early = new AbortController();
  const unread = await eventStream(engine, { signal: early.signal });
  early.abort();
  assertEquals(await Array.fromAsync(unread), []);
  const never = () => eventStream(engine, { signal: AbortSignal.abort(new URIError("no")) });
  await assertRejects(never, URIError, "no");
});

Deno.test("eventStream() fails when the engine goes away, in whichever way", async () => {
  const ways: ((exchange: FakeExchange) => void | Promise<void>)[] = [
    (exchange) => exchange.close(),
    async (exchange) => {
      await exchange.chunk("");
      exchange.close();
    },
  ];
  for (const signal of [undefined, new AbortController().signal]) {
    for (const way of ways) {
      await using fake = await FakeEngine.start(telling(way));
      using engine = await fake.client();
      const seen: string[] = [];
      const error = await assertRejects(
        async () => {
          for await (const { Action } of await eventStream(engine, { signal })) seen.push(Action);
        },
        EngineError,
        "Cannot follow the events of the Docker engine: ",
      );
      assertEquals([error.kind, seen], ["unavailable", ["start"]]);
    }
  }
});

Deno.test("eventStream() is not ended by the time that a call may take", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using fake = await FakeEngine.start(telling(async (exchange) => {
    await promise;
    await exchange.chunk(event("die"));
    await exchange.closedByClient();
  }));
  using engine = await fake.client();
  const reader = (await eventStream(engine, { timeoutMs: 50 })).getReader();
  assertEquals((await reader.read()).value?.Action, "start");
  setTimeout(resolve, 100);
  assertEquals((await reader.read()).value?.Action, "die");
  await reader.cancel();
});

Deno.test("eventStream() ends when it is aborted, also after a garbage collection", async () => {
  await using fake = await FakeEngine.start(telling((exchange) => exchange.closedByClient()));
  using engine = await fake.client();
  const abort = new AbortController();
  const events = await eventStream(engine, { since: 1, signal: abort.signal });
  const seen: string[] = [];
  const ended = (async () => {
    for await (const { Action } of events) seen.push(Action);
  })();
  await until(() => seen.length === 1, 10_000, "the first event");
  await collectGarbage();
  abort.abort();
  await within(ended, 10_000, "the stream to end");
  assertEquals(seen, ["start"]);
});

/** Makes garbage until the engine of the language has collected something that nobody holds. */
async function collectGarbage(): Promise<void> {
  let collected = false;
  const registry = new FinalizationRegistry(() => collected = true);
  (() => registry.register({ held: "by nobody" }, ""))();
  await until(
    () => {
      for (let round = 0; round < 50; round++) new Array(100_000).fill({});
      return collected;
    },
    20_000,
    "a garbage collection",
  );
}
