import { assert, assertEquals, assertLess, assertStringIncludes } from "@std/assert";
import { z } from "zod";
import { CLOSE_CODES } from "../../src/transport/close_codes.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { until, within } from "../testutil/within.ts";
import { closeOf, OPCODE, RawWebSocket } from "./raw_websocket.ts";
import { startTestServer, type TestServer } from "./test_server.ts";

const WAIT_MS = 15_000;
const MIB = 1024 * 1024;

function request(id: unknown, method: string, params: unknown = {}): string {
  return JSON.stringify({ jsonrpc: "2.0", id, method, params });
}

/** Calls `echo` once, so that the test holds the server's side of the connection. */
async function peerOf({ peers }: TestServer, client: RpcClient) {
  await client.call("echo");
  return peers.at(-1)!;
}

Deno.test("WebSocketConnection answers text and binary messages", async () => {
  await using test = startTestServer();
  await using client = await RpcClient.connect(test.wsUrl);
  client.sendRaw(request("text", "echo", { a: "é😀" }));
  client.sendRaw(new TextEncoder().encode(request("binary", "echo", { a: "é😀" })));
  for (const id of ["text", "binary"]) {
    const { result } = await client.next((message) => message.id === id);
    assertEquals(result, { a: "é😀" });
  }
  assertEquals(new Set(test.peers).size, 1);
  assertEquals([test.peers[0]!.canNotify, test.peers[0]!.caller], [true, "anonymous"]);
});

Deno.test("WebSocketConnection begins with messages in the order of arrival", async () => {
  const begun: number[] = [];
  await using test = startTestServer({
    methods: {
      note: { params: z.strictObject({ n: z.int() }), handler: ({ n }) => begun.push(n) },
    },
  });
  await using client = await RpcClient.connect(test.wsUrl);
  for (let n = 0; n < 200; n++) {
    const text = request(n, "note", { n });
    client.sendRaw(n % 3 === 0 ? new TextEncoder().encode(text) : text);
  }
  await client.next((message) => message.id === 199);
  assertEquals(begun, Array.from({ length: 200 }, (_, n) => n));
  assertEquals(client.messages.map(({ id }) => id), begun);
});

Deno.test("WebSocketConnection lets a fast request overtake a slow one", async () => {
  await using test = startTestServer();
  await using client = await RpcClient.connect(test.wsUrl);
  client.sendRaw(request("slow", "wait"));
  client.sendRaw(request("fast", "echo"));
  await client.next((message) => message.id === "fast");
  test.gate.resolve();
  await client.next((message) => message.id === "slow");
  assertEquals(client.messages.map(({ id }) => id), ["fast", "slow"]);
});

Deno.test("WebSocketConnection.notify() sends in order with the answers", async () => {
  await using test = startTestServer({
    methods: {
      stream: {
        params: z.looseObject({}),
        handler: async (_, { peer }) => {
          for (let seq = 0; seq < 100; seq++) {
            peer.notify("chunk", { seq });
            if (seq % 10 === 0) await Promise.resolve();
          }
          return "done";
        },
      },
    },
  });
  await using client = await RpcClient.connect(test.wsUrl);
  await client.call("stream");
  assertEquals(client.messages.length, 101);
  assertEquals(client.notifications("chunk").map(({ seq }) => seq), [...Array(100).keys()]);
  assertEquals(client.messages.at(-1)!.result, "done");
});

Deno.test("WebSocketConnection.notify() reports params that JSON cannot say", async () => {
  await using test = startTestServer();
  await using client = await RpcClient.connect(test.wsUrl);
  const peer = await peerOf(test, client);
  peer.notify("m", { size: 1n });
  assert(test.failures[0] instanceof TypeError);
  assertEquals((await client.call("echo", { a: 1 })).result, { a: 1 });
});

Deno.test("WebSocketConnection answers a binary message that is not UTF-8 with a Parse error", async () => {
  await using test = startTestServer();
  await using client = await RpcClient.connect(test.wsUrl);
  client.sendRaw(new Uint8Array([0x7b, 0xff, 0x7d]));
  const { error } = await client.next((message) => message.id === null);
  assertEquals([error?.code, error?.data?.reason], [-32700, "parse_error"]);
  assertEquals((await client.call("echo", { a: 1 })).result, { a: 1 });
});

Deno.test("WebSocketConnection ends on a text message that is not UTF-8", async () => {
  await using test = startTestServer();
  using client = await RawWebSocket.connect(test.port);
  await client.send(OPCODE.Text, new Uint8Array([0x7b, 0xff, 0x7d]));
  assertEquals(await within(client.receiveAll(), WAIT_MS, "the end"), []);
  await until(() => test.server.connections === 0, WAIT_MS, "the connection to end");
});

Deno.test("WebSocketConnection puts fragments together", async () => {
  await using test = startTestServer();
  using client = await RawWebSocket.connect(test.port);
  const bytes = new TextEncoder().encode(request(1, "echo", { a: "é" }));
  const middle = bytes.indexOf(0xc3) + 1;
  await client.send(OPCODE.Text, bytes.subarray(0, middle), false);
  await client.send(OPCODE.Ping, "in between");
  await client.send(OPCODE.Continuation, bytes.subarray(middle));
  const [pong, answer] = [await client.receive(), await client.receive()];
  assertEquals(pong?.opcode, OPCODE.Pong);
  assertEquals(JSON.parse(new TextDecoder().decode(answer?.payload)).result, { a: "é" });
});

Deno.test("WebSocketConnection refuses a message that is too large, and closes", async (t) => {
  for (const kind of ["text", "binary"]) {
    await t.step(kind, async () => {
      await using test = startTestServer({ limits: { maxMessageBytes: 70_000 } });
      const client = await RpcClient.connect(test.wsUrl);
      const encode = (text: string) => kind === "text" ? text : new TextEncoder().encode(text);
      const room = 70_000 - request(1, "echo", { a: "" }).length;
      client.sendRaw(encode(request(1, "echo", { a: "x".repeat(room) })));
      await client.next((message) => message.id === 1);
      client.sendRaw(encode(request(2, "echo", { a: "x".repeat(room + 1) })));
      const { error } = await client.next((message) => message.id === null);
      assertEquals([error?.code, error?.data?.reason], [-32006, "too_large"]);
      assertStringIncludes(error!.message, "70000");
      const { code } = await within(client.closed, WAIT_MS, "the connection to close");
      assertEquals(code, CLOSE_CODES.MessageTooBig);
      assertEquals(test.peers.length, 1);
    });
  }
});

Deno.test("WebSocketConnection ends on a frame of the platform's limit before it has arrived", async () => {
  await using test = startTestServer({ limits: { maxMessageBytes: 1024 * MIB } });
  using client = await RawWebSocket.connect(test.port);
  await client.sendHead(OPCODE.Text, 64 * MIB);
  assertEquals(await within(client.receiveAll(), WAIT_MS, "the end"), []);
});

Deno.test("WebSocketConnection closes a client that does not read, and keeps little for it", async () => {
  const text = "x".repeat(100 * 1024);
  await using test = startTestServer({ limits: { maxQueueBytes: 4 * MIB } });
  const client = await RawWebSocket.connect(test.port);
  await client.send(OPCODE.Text, request(1, "echo"));
  await until(() => test.peers.length === 1, WAIT_MS, "the peer");
  const [peer] = test.peers;
  let sent = 0;
  // In turns, so that the network takes all it can hold in between.
  await until(
    () => {
      for (let index = 0; index < 40 && !peer!.gone.aborted; index++, sent++) {
        peer!.notify("flood", { text });
      }
      return peer!.gone.aborted;
    },
    WAIT_MS,
    "the client to be given up",
  );
  peer!.notify("flood", { text });
  const frames = await within(client.receiveAll(), WAIT_MS, "the connection to end");
  assertEquals(closeOf(frames.pop()!), { code: 4008, reason: "Client reads too slowly" });
  assertLess(frames.length, sent);
  client[Symbol.dispose]();
  await until(() => test.server.connections === 0, WAIT_MS, "the connection to end");
  assertEquals(test.closed[0]?.code, CLOSE_CODES.SlowConsumer);
});

Deno.test("WebSocketConnection keeps a slow client that stays within the limit", async () => {
  const text = "x".repeat(100 * 1024);
  await using test = startTestServer({ limits: { maxQueueBytes: 64 * MIB } });
  await using client = await RpcClient.connect(test.wsUrl);
  const peer = await peerOf(test, client);
  for (let seq = 0; seq < 200; seq++) peer.notify("flood", { seq, text });
  await client.next((message) => message.params?.seq === 199);
  assertEquals(client.notifications("flood").map(({ seq }) => seq), [...Array(200).keys()]);
});

Deno.test("WebSocketConnection.gone is aborted when the client leaves", async (t) => {
  await t.step("with a close frame", async () => {
    await using test = startTestServer();
    const client = await RpcClient.connect(test.wsUrl);
    const peer = await peerOf(test, client);
    assertEquals(peer.gone.aborted, false);
    await client.close();
    await until(() => peer.gone.aborted && test.server.connections === 0, WAIT_MS, "gone");
    peer.notify("m", {});
    assertEquals(test.failures, []);
  });
  await t.step("without a word, in the middle of a call", async () => {
    await using test = startTestServer();
    const client = await RawWebSocket.connect(test.port);
    await client.send(OPCODE.Text, request(1, "echo"));
    await client.send(OPCODE.Text, request(2, "wait"));
    await client.receive();
    client[Symbol.dispose]();
    await until(() => test.peers[0]!.gone.aborted, WAIT_MS, "gone");
    test.gate.resolve();
    await until(() => test.server.connections === 0, WAIT_MS, "the connection to end");
    assertEquals([test.failures.length, test.closed.length], [0, 1]);
  });
});

Deno.test("WebSocketConnection finds a client that no longer answers pings", async () => {
  await using test = startTestServer({ limits: { pingIntervalSeconds: 0.2 } });
  using dead = await RawWebSocket.connect(test.port);
  await using alive = await RpcClient.connect(test.wsUrl);
  const frames = await within(dead.receiveAll(), WAIT_MS, "the connection to be closed");
  assertEquals(frames.map(({ opcode }) => opcode), [OPCODE.Ping, OPCODE.Close]);
  assertEquals(closeOf(frames[1]!).code, CLOSE_CODES.GoingAway);
  await until(() => test.server.connections === 1, WAIT_MS, "the dead connection to end");
  assertEquals(test.closed.length, 1);
  assertEquals((await alive.call("echo", { a: 1 })).result, { a: 1 });
});
