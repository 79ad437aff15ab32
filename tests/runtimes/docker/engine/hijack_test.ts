import { assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import type { EngineRequest } from "../../../../src/runtimes/docker/engine/engine_request.ts";
import type { HijackedConnection } from "../../../../src/runtimes/docker/engine/hijacked_connection.ts";
import { until } from "../../../testutil/within.ts";
import { FakeEngine } from "./fake_engine.ts";
import type { FakeExchange } from "./fake_exchange.ts";
import { bytes } from "./streams.ts";

const REQUEST: EngineRequest = { action: "run it", method: "POST", path: "/it", json: { a: "ü" } };
const UPGRADED = "HTTP/1.1 101 UPGRADED\r\nContent-Type: application/vnd.docker.raw-stream\r\n" +
  "Connection: Upgrade\r\nUpgrade: tcp\r\n\r\n";

async function readAll(connection: HijackedConnection): Promise<string> {
  const decoder = new TextDecoder();
  let text = "";
  for (let piece; (piece = await connection.read()) !== null;) {
    text += decoder.decode(piece, { stream: true });
  }
  return text;
}

/** Sends back what comes, until its end. */
async function echo(exchange: FakeExchange): Promise<void> {
  await exchange.bytes();
  await exchange.write(UPGRADED);
  for (let piece; (piece = await exchange.read()) !== null;) await exchange.write(piece);
  exchange.close();
}

Deno.test("hijack() asks for the connection as the engine expects it", async () => {
  await using fake = await FakeEngine.start({
    "POST /it": async (exchange) => {
      const { headers } = exchange;
      assertEquals(await exchange.value(), { a: "ü" });
      assertEquals([headers.get("connection"), headers.get("upgrade")], ["Upgrade", "tcp"]);
      assertEquals(headers.get("content-type"), "application/json");
      await exchange.write(UPGRADED);
      exchange.close();
    },
  });
  using engine = await fake.client();
  using connection = await engine.hijack({ ...REQUEST, query: { x: "y z" } });
  assertEquals(fake.log.at(-1), "POST /v1.41/it?x=y+z");
  assertEquals(connection.contentType, "application/vnd.docker.raw-stream");
  assertEquals(await connection.read(), null);
  assertEquals(await connection.read(), null);
});

Deno.test("hijack() keeps what comes with the head, wherever the head is split", async () => {
  const answer = "HTTP/1.1 200 OK\r\nX: y\r\n\r\nwith the head";
  for (let at = 1; at < answer.length; at += 3) {
    await using fake = await FakeEngine.start({
      "POST /it": async (exchange) => {
        await exchange.write(answer.slice(0, at));
        await new Promise((resolve) => setTimeout(resolve, 1));
        await exchange.write(answer.slice(at));
        await exchange.write(" and behind it");
        exchange.close();
      },
    });
    using engine = await fake.client();
    using connection = await engine.hijack(REQUEST);
    assertEquals(await readAll(connection), "with the head and behind it");
  }
});

Deno.test("HijackedConnection goes on reading once it has ended its writing", async () => {
  await using fake = await FakeEngine.start({ "POST /it": echo });
  using engine = await fake.client();
  using connection = await engine.hijack(REQUEST);
  const big = "0123456789".repeat(200_000);
  const reading = readAll(connection);
  await connection.write(bytes(big));
  await connection.write(bytes("end"));
  await connection.closeWrite();
  await connection.closeWrite();
  const text = await reading;
  assertEquals([text.length, text === `${big}end`], [big.length + 3, true]);
});

Deno.test("HijackedConnection.write() keeps the bytes of callers apart", async () => {
  await using fake = await FakeEngine.start({ "POST /it": echo });
  using engine = await fake.client();
  using connection = await engine.hijack(REQUEST);
  const parts = Array.from({ length: 8 }, (_, index) => `${index}`.repeat(300_000));
  const reading = readAll(connection);
  await Promise.all(parts.map((part) => connection.write(bytes(part))));
  await connection.closeWrite();
  assertEquals(await reading === parts.join(""), true);
});

Deno.test("HijackedConnection.read() hands out bytes that stay as they are", async () => {
  await using fake = await FakeEngine.start({ "POST /it": echo });
  using engine = await fake.client();
  using connection = await engine.hijack(REQUEST);
  const kept: Uint8Array[] = [];
  for (let index = 0; index < 40; index++) {
    await connection.write(new Uint8Array(5000).fill(index));
    for (let length = 0; length < 5000; length += kept.at(-1)!.length) {
      kept.push((await connection.read())!);
    }
  }
  assertEquals(
    kept.flatMap((piece) => [...piece]).every((byte, at) => byte === Math.floor(at / 5000)),
    true,
  );
});

Deno.test("hijack() throws what the engine says when it refuses", async () => {
  const message = '{"message":"it is not running"}';
  const answers = [
    `HTTP/1.1 409 Conflict\r\nContent-Length: ${message.length}\r\n\r\n${message}`,
    `HTTP/1.1 409 Conflict\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n${message.slice(0, 5)}\r\n` +
    `${(message.length - 5).toString(16)};x=y\r\n${message.slice(5)}\r\n0\r\n\r\n`,
  ];
  for (const answer of answers) {
    await using fake = await FakeEngine.start({
      "POST /it": async (exchange) => {
        for (const character of answer) await exchange.write(character);
        await exchange.closedByClient();
      },
    });
    using engine = await fake.client();
    const error = await assertRejects(() => engine.hijack(REQUEST), EngineError);
    assertEquals([error.kind, error.status], ["conflict", 409]);
    assertEquals(error.message, "Cannot run it: it is not running");
  }
});

Deno.test("hijack() reads no more of a refusal than is bearable", async () => {
  await using fake = await FakeEngine.start({
    "POST /length": async (exchange) => {
      await exchange.write("HTTP/1.1 500 X\r\nContent-Length: 99999999999999\r\n\r\n");
      while (true) await exchange.write("x".repeat(10_000));
    },
    "POST /until-end": async (exchange) => {
      await exchange.write("HTTP/1.1 500 X\r\nContent-Length: -1\r\n\r\nshort");
      exchange.close();
    },
  });
  using engine = await fake.client();
  const long = await assertRejects(
    () => engine.hijack({ ...REQUEST, path: "/length" }),
    EngineError,
  );
  assertEquals([long.kind, long.detail.length], ["server_error", 65536]);
  const short = await assertRejects(
    () => engine.hijack({ ...REQUEST, path: "/until-end" }),
    EngineError,
  );
  assertEquals(short.detail, "short");
});

Deno.test("hijack() refuses what is no answer", async () => {
  let answer = "";
  await using fake = await FakeEngine.start({
    "POST /it": async (exchange) => {
      await exchange.write(answer);
      exchange.close();
    },
  });
  using engine = await fake.client();
  const cases = [
    ["", "unavailable", "closed before an answer"],
    ["HTTP/1.1 101 UPGRADED\r\n", "unavailable", "closed before an answer"],
    ["SSH-2.0\r\n\r\n", "protocol", "is not HTTP"],
    ["HTTP/1.1 OK\r\n\r\n", "protocol", "is not HTTP"],
    ["HTTP/1.1 101 X\r\nno colon\r\n\r\n", "protocol", "malformed"],
    [`HTTP/1.1 101 X\r\nA: ${"b".repeat(70_000)}`, "protocol", "longer than 65536 bytes"],
    ["HTTP/1.1 302 Found\r\nContent-Length: 0\r\n\r\n", "protocol", "status 302"],
  ] as const;
  for (const [text, kind, problem] of cases) {
    answer = text;
    const error = await assertRejects(() => engine.hijack(REQUEST), EngineError, problem);
    assertEquals([error.kind, error.message.startsWith("Cannot run it: ")], [kind, true]);
  }
});

Deno.test("hijack() can be ended while it waits for an answer, and not any more after it", async () => {
  await using fake = await FakeEngine.start({
    "POST /stall": (exchange) => exchange.closedByClient(),
    "POST /it": echo,
  });
  using engine = await fake.client();
  const controller = new AbortController();
  const reason = new URIError("enough");
  const call = engine.hijack({ ...REQUEST, path: "/stall", signal: controller.signal });
  await until(() => fake.log.includes("POST /v1.41/stall"), 10_000, "the call to arrive");
  controller.abort(reason);
  assertStrictEquals(await assertRejects(() => call, URIError), reason);
  await until(() => fake.openConnections === 0, 10_000, "the connection to be closed");

  const late = await assertRejects(
    () => engine.hijack({ ...REQUEST, path: "/stall", timeoutMs: 50 }),
    EngineError,
    "50 ms",
  );
  assertEquals(late.kind, "timeout");

  const after = new AbortController();
  using connection = await engine.hijack({ ...REQUEST, signal: after.signal });
  after.abort();
  await connection.write(bytes("still there"));
  await connection.closeWrite();
  assertEquals(await readAll(connection), "still there");
});

Deno.test("HijackedConnection ends a read when it is closed, more than once without harm", async () => {
  await using fake = await FakeEngine.start({ "POST /it": echo });
  using engine = await fake.client();
  const connection = await engine.hijack(REQUEST);
  const reading = connection.read();
  connection[Symbol.dispose]();
  connection[Symbol.dispose]();
  assertEquals(await reading, null);
  assertEquals(await connection.read(), null);
  await connection.closeWrite();
  const error = await assertRejects(() => connection.write(bytes("x")), EngineError);
  assertEquals([error.kind, error.detail], ["unavailable", "the connection was closed"]);
});

Deno.test("HijackedConnection reports that the engine is gone", async () => {
  await using fake = await FakeEngine.start({
    "POST /it": async (exchange) => {
      await exchange.write(UPGRADED);
      exchange.close();
    },
  });
  using engine = await fake.client();
  using connection = await engine.hijack(REQUEST);
  assertEquals(await connection.read(), null);
  const error = await assertRejects(async () => {
    while (true) await connection.write(new Uint8Array(64 * 1024));
  }, EngineError);
  assertEquals(error.kind, "unavailable");
  await connection.closeWrite();
});

Deno.test("hijack() says which address cannot be reached", async () => {
  for (
    const [address, text] of [
      [{ transport: "unix", path: "/no/such.sock" }, "unix:///no/such.sock"],
      [{ transport: "tcp", hostname: "127.0.0.1", port: 9 }, "tcp://127.0.0.1:9"],
    ] as const
  ) {
    using engine = await EngineClient.open(address);
    const error = await assertRejects(() => engine.hijack(REQUEST), EngineError, text);
    assertEquals([error.kind, error.message.startsWith("Cannot run it: ")], ["unavailable", true]);
  }
});
