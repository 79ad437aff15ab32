import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import type { EngineRequest } from "../../../../src/runtimes/docker/engine/engine_request.ts";
import { until } from "../../../testutil/within.ts";
import { FakeEngine } from "./fake_engine.ts";
import { bytes, readText } from "./streams.ts";

const GET: EngineRequest = { action: "do it", method: "GET", path: "/it" };
const PUT: EngineRequest = { action: "put it", method: "PUT", path: "/it" };
const WAIT_MS = 10_000;

/** A source without an end that knows how it ended. */
class Source {
  pulls = 0;
  cancelled: { reason: unknown } | undefined;
  readonly stream = new ReadableStream<Uint8Array>({
    pull: (controller) => {
      this.pulls++;
      controller.enqueue(new Uint8Array(16 * 1024));
    },
    cancel: (reason) => void (this.cancelled = { reason }),
  }, { highWaterMark: 0 });
}

Deno.test("EngineClient.json() sends a value and answers with one", async () => {
  await using fake = await FakeEngine.start({
    "POST /it": async (exchange) => {
      assertEquals(exchange.headers.get("content-type"), "application/json");
      assertEquals(exchange.headers.get("accept-encoding"), "identity");
      await exchange.json(201, { got: await exchange.value(), query: `${exchange.query}` });
    },
  });
  using engine = await fake.client();
  const request = { ...GET, method: "POST", query: { a: "b c" }, json: { x: ["ü"] } } as const;
  assertEquals(await engine.json(request), { got: { x: ["ü"] }, query: "a=b+c" });
  assertEquals(fake.log, ["GET /_ping", "POST /v1.41/it?a=b+c"]);
});

Deno.test("EngineClient asks for the version once, however many calls wait for it", async () => {
  let pings = 0;
  await using fake = await FakeEngine.start({
    "GET /_ping": async (exchange) => {
      pings++;
      await exchange.respond(200, "OK", { "Api-Version": "1.43" });
    },
    "GET /it": (exchange) => exchange.json(200, 1),
  });
  using engine = await fake.client();
  assertEquals(await Promise.all([engine.json(GET), engine.json(GET), engine.json(GET)]), [
    1,
    1,
    1,
  ]);
  await engine.json(GET);
  assertEquals(pings, 1);
  assertEquals(await engine.apiVersion(), "1.43");
  assertEquals(fake.log.at(-1), "GET /v1.43/it");
});

Deno.test("EngineClient names the call when the version does not fit", async () => {
  for (
    const [apiVersion, problem] of [["1.40", "1.41 or newer"], [null, "a Docker engine?"]] as const
  ) {
    await using fake = await FakeEngine.start({}, { apiVersion });
    using engine = await fake.client();
    const error = await assertRejects(() => engine.json(GET), EngineError, problem);
    assertEquals([error.kind, error.message.startsWith("Cannot do it: ")], ["protocol", true]);
  }
});

Deno.test("EngineClient asks for the version again after the engine was away", async () => {
  const path = await Deno.makeTempFile({ suffix: ".sock" });
  const routes = {
    "GET /it": (exchange: { json: (a: number, b: unknown) => Promise<void> }) =>
      exchange.json(200, 1),
  };
  using engine = await EngineClient.open({ transport: "unix", path });
  {
    await using _old = await FakeEngine.start(routes, { path, apiVersion: "1.41" });
    await engine.json(GET);
  }
  const away = await assertRejects(() => engine.json(GET), EngineError);
  assertEquals(away.kind, "unavailable");
  await using young = await FakeEngine.start(routes, { path, apiVersion: "1.44" });
  await engine.json(GET);
  assertEquals(young.log, ["GET /_ping", "GET /v1.44/it"]);
});

Deno.test("EngineClient keeps no connection, so that a restart of the engine breaks no call", async () => {
  await using fake = await FakeEngine.start({ "GET /it": (exchange) => exchange.json(200, 1) });
  using engine = await fake.client();
  await engine.json(GET);
  await engine.json(GET);
  assertEquals(fake.connections, 3);
  await until(() => fake.openConnections === 0, WAIT_MS, "the client to close its connections");
});

Deno.test("EngineClient gives every refusal its kind and the engine's words", async () => {
  let status = 0;
  let body = "";
  await using fake = await FakeEngine.start({
    "GET /it": (exchange) => exchange.respond(status, body),
  });
  using engine = await fake.client();
  const cases = [
    [400, "bad_request"],
    [403, "bad_request"],
    [404, "not_found"],
    [409, "conflict"],
    [500, "server_error"],
    [503, "server_error"],
    [301, "protocol"],
    [304, "protocol"],
  ] as const;
  for (const [code, kind] of cases) {
    status = code;
    body = '{"message":"it is so"}';
    const error = await assertRejects(() => engine.json(GET), EngineError, "Cannot do it: ");
    assertEquals([error.kind, error.status], [kind, code]);
    if (code !== 304) assertEquals(error.detail, "it is so");
  }
  for (const [text, detail] of [["plain\n", "plain"], ["", "status 500"], ["[]", "[]"]] as const) {
    [status, body] = [500, text];
    await assertRejects(() => engine.json(GET), EngineError, detail);
  }
  body = "x".repeat(70_000);
  await assertRejects(() => engine.json(GET), EngineError, "longer than 65536 bytes");
});

Deno.test("EngineClient takes further statuses for done where a call says so", async () => {
  await using fake = await FakeEngine.start({ "GET /it": (exchange) => exchange.respond(304) });
  using engine = await fake.client();
  await engine.send({ ...GET, accept: [304] });
});

Deno.test("EngineClient says which socket cannot be reached and what to check", async () => {
  using engine = await EngineClient.open({ transport: "unix", path: "/no/such/engine.sock" });
  const error = await assertRejects(() => engine.json(GET), EngineError);
  assertEquals(error.kind, "unavailable");
  assertEquals(
    error.message,
    "Cannot do it: the Docker engine at unix:///no/such/engine.sock cannot be reached: " +
      "No such file or directory (os error 2); is it running, and may this user read and write the socket?",
  );
});

Deno.test("EngineClient takes a connection that is lost for an engine that is away", async () => {
  await using fake = await FakeEngine.start({
    "GET /before": (exchange) => exchange.close(),
    "GET /length": async (exchange) => {
      await exchange.write("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n[1,");
      exchange.close();
    },
    "GET /chunks": async (exchange) => {
      await exchange.startChunks();
      await exchange.chunk("[1,");
      exchange.close();
    },
    "GET /error": async (exchange) => {
      await exchange.write("HTTP/1.1 500 X\r\nContent-Length: 100\r\n\r\n{");
      exchange.close();
    },
    "GET /garbage": async (exchange) => {
      await exchange.write("SSH-2.0-OpenSSH_9.2\r\n");
      exchange.close();
    },
  });
  using engine = await fake.client();
  for (const path of ["/before", "/length", "/chunks", "/error", "/garbage"]) {
    const error = await assertRejects(
      () => engine.json({ ...GET, path }),
      EngineError,
      undefined,
      path,
    );
    assertEquals(error.kind, "unavailable", path);
  }
});

Deno.test("EngineClient refuses answers that are too long or not JSON", async () => {
  await using fake = await FakeEngine.start({
    "GET /long": async (exchange) => {
      await exchange.startChunks();
      const megabyte = new Uint8Array(1024 * 1024).fill(32);
      while (true) await exchange.chunk(megabyte);
    },
    "GET /text": (exchange) => exchange.respond(200, "hello"),
  });
  using engine = await fake.client();
  for (const [path, problem] of [["/long", "longer than 16777216 bytes"], ["/text", "not JSON"]]) {
    const error = await assertRejects(
      () => engine.json({ ...GET, path: path! }),
      EngineError,
      problem,
    );
    assertEquals(error.kind, "protocol");
  }
});

Deno.test("EngineClient gives up when the time is over, wherever the engine stalls", async () => {
  await using fake = await FakeEngine.start({
    "GET /head": (exchange) => exchange.closedByClient(),
    "GET /body": async (exchange) => {
      await exchange.startChunks();
      await exchange.chunk("[");
      await exchange.closedByClient();
    },
    "GET /quick": (exchange) => exchange.json(200, 1),
  });
  using engine = await fake.client();
  await engine.json({ ...GET, path: "/quick" });
  for (const path of ["/head", "/body"]) {
    const call = () => engine.json({ ...GET, path, timeoutMs: 50 });
    const error = await assertRejects(call, EngineError, "did not finish within 50 ms");
    assertEquals(error.kind, "timeout");
  }
});

Deno.test("EngineClient gives up on an engine that does not even say its version", async () => {
  await using fake = await FakeEngine.start({
    "GET /_ping": (exchange) => exchange.closedByClient(),
  });
  {
    using engine = await fake.client();
    const error = await assertRejects(() => engine.json({ ...GET, timeoutMs: 50 }), EngineError);
    assertEquals([error.kind, error.message.startsWith("Cannot do it: ")], ["timeout", true]);
  }
  // What waits on for the version ends with the engine.
  fake.drop();
});

Deno.test("EngineClient lets time end only the head of an answer where a call says so", async () => {
  const { promise: late, resolve: goOn } = Promise.withResolvers<void>();
  await using fake = await FakeEngine.start({
    "GET /it": async (exchange) => {
      await exchange.startChunks();
      await late;
      await exchange.chunk("late");
      await exchange.chunk("");
    },
  });
  using engine = await fake.client();
  const { body } = await engine.stream({ ...GET, timeoutMs: 50, timeoutCovers: "head" });
  setTimeout(goOn, 100);
  assertEquals(await readText(body), "late");
});

Deno.test("EngineClient throws the reason of a signal as it is", async () => {
  await using fake = await FakeEngine.start({
    "GET /head": (exchange) => exchange.closedByClient(),
    "GET /body": async (exchange) => {
      await exchange.startChunks();
      await exchange.chunk("[");
      await exchange.closedByClient();
    },
  });
  using engine = await fake.client();
  await engine.apiVersion();
  for (const path of ["/head", "/body"]) {
    const controller = new AbortController();
    const reason = new URIError(path);
    const call = engine.json({ ...GET, path, signal: controller.signal });
    await until(() => fake.log.includes(`GET /v1.41${path}`), WAIT_MS, "the call to arrive");
    controller.abort(reason);
    assertStrictEquals(await assertRejects(() => call, URIError), reason);
  }
  const calls = fake.log.length;
  const already = engine.json({ ...GET, signal: AbortSignal.abort(new URIError("early")) });
  await assertRejects(() => already, URIError, "early");
  assertEquals(fake.log.length, calls, "nothing is sent");
});

Deno.test("EngineClient does not let one caller's signal end what others wait for", async () => {
  const { promise, resolve } = Promise.withResolvers<void>();
  await using fake = await FakeEngine.start({
    "GET /_ping": async (exchange) => {
      await promise;
      await exchange.respond(200, "OK", { "Api-Version": "1.41" });
    },
    "GET /it": (exchange) => exchange.json(200, 1),
  });
  using engine = await fake.client();
  const controller = new AbortController();
  const first = engine.json({ ...GET, signal: controller.signal });
  const second = engine.json(GET);
  controller.abort(new URIError("mine"));
  await assertRejects(() => first, URIError, "mine");
  resolve();
  assertEquals(await second, 1);
});

Deno.test("EngineClient.stream() hands on a body as it comes, and cancelling it ends the call", async () => {
  await using fake = await FakeEngine.start({
    "GET /it": async (exchange) => {
      await exchange.startChunks({ "X-Fact": "yes" });
      await exchange.chunk("first");
      await exchange.closedByClient();
    },
  });
  using engine = await fake.client();
  const { headers, body } = await engine.stream(GET);
  assertEquals(headers.get("x-fact"), "yes");
  const reader = body.getReader();
  assertEquals((await reader.read()).value, bytes("first"));
  await reader.cancel();
  await until(() => fake.openConnections === 0, WAIT_MS, "the connection to be closed");
});

Deno.test("EngineClient uploads without taking more than the engine does", async () => {
  const { promise: enough, resolve: stop } = Promise.withResolvers<void>();
  await using fake = await FakeEngine.start({
    "PUT /it": async (exchange) => {
      assertEquals(exchange.headers.get("content-type"), "application/x-tar");
      await enough;
      await exchange.respond(400, '{"message":"too much"}');
      exchange.close();
    },
  });
  using engine = await fake.client();
  const source = new Source();
  const call = assertRejects(() => engine.send({ ...PUT, upload: source.stream }), EngineError);
  let before = -1;
  await until(
    () => {
      const still = source.pulls > 0 && source.pulls === before;
      before = source.pulls;
      return still;
    },
    WAIT_MS,
    "the upload to be held up",
  );
  assert(source.pulls < 200, `${source.pulls} pieces were taken`);
  stop();
  assertEquals((await call).message, "Cannot put it: too much");
  await until(() => source.cancelled !== undefined, WAIT_MS, "the source to be cancelled");
});

Deno.test("EngineClient cancels the source of an upload whatever becomes of the call", async () => {
  await using fake = await FakeEngine.start({
    "PUT /early": async (exchange) => {
      // An engine that answers without reading leaves the rest of the upload to itself.
      await exchange.respond(200);
      await exchange.closedByClient();
    },
    "PUT /lost": (exchange) => exchange.close(),
    "PUT /stall": (exchange) => exchange.closedByClient(),
  });
  using engine = await fake.client();
  const early = new Source();
  await engine.send({ ...PUT, path: "/early", upload: early.stream });
  const lost = new Source();
  const failed = await assertRejects(
    () => engine.send({ ...PUT, path: "/lost", upload: lost.stream }),
    EngineError,
  );
  assertEquals(failed.kind, "unavailable");
  const stalled = new Source();
  await assertRejects(
    () => engine.send({ ...PUT, path: "/stall", upload: stalled.stream, timeoutMs: 50 }),
    EngineError,
    "50 ms",
  );
  const unsent = new Source();
  const signal = AbortSignal.abort(new URIError("early"));
  await assertRejects(() => engine.send({ ...PUT, upload: unsent.stream, signal }), URIError);
  for (const source of [early, lost, stalled, unsent]) {
    await until(() => source.cancelled !== undefined, WAIT_MS, "the source to be cancelled");
  }
});

Deno.test("EngineClient throws what the source of an upload throws", async () => {
  await using fake = await FakeEngine.start({
    "PUT /it": async (exchange) => {
      await exchange.bytes();
      await exchange.respond(200);
    },
  });
  using engine = await fake.client();
  const reason = new URIError("the source broke");
  let pulls = 0;
  const upload = new ReadableStream<Uint8Array>({
    pull: (controller) =>
      pulls++ < 3 ? controller.enqueue(new Uint8Array(100)) : controller.error(reason),
  });
  const call = () => engine.send({ ...PUT, upload });
  assertStrictEquals(await assertRejects(call, URIError), reason);
});

Deno.test("EngineClient uploads every byte in order", async () => {
  const received: number[] = [];
  await using fake = await FakeEngine.start({
    "PUT /it": async (exchange) => {
      for await (const chunk of exchange.body()) received.push(...chunk);
      await exchange.respond(200);
    },
  });
  using engine = await fake.client();
  const pieces = Array.from({ length: 50 }, (_, index) => new Uint8Array(index * 37).fill(index));
  await engine.send({ ...PUT, upload: ReadableStream.from(pieces) });
  assertEquals(received, pieces.flatMap((piece) => [...piece]));
});

Deno.test("EngineClient speaks through TCP and names it when nobody listens", async () => {
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    () => Response.json(7, { headers: { "Api-Version": "1.41" } }),
  );
  const { port } = server.addr;
  using engine = await EngineClient.open({ transport: "tcp", hostname: "127.0.0.1", port });
  assertEquals(await engine.json(GET), 7);
  await server.shutdown();
  const error = await assertRejects(() => engine.json(GET), EngineError, `tcp://127.0.0.1:${port}`);
  assertEquals(error.kind, "unavailable");
});
