import { assert, assertEquals, assertMatch, assertStringIncludes, assertThrows } from "@std/assert";
import { CLOSE_CODES } from "../../src/transport/close_codes.ts";
import { rawHttp, upgradeHeaders } from "../testutil/raw_http.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { until, within } from "../testutil/within.ts";
import { closeOf, OPCODE, RawWebSocket } from "./raw_websocket.ts";
import { startTestServer } from "./test_server.ts";

const WAIT_MS = 15_000;
const MIB = 1024 * 1024;
const WAIT = JSON.stringify({ jsonrpc: "2.0", id: "w", method: "wait" });

async function errorOf(response: Response): Promise<{ code: string; message: string }> {
  assertStringIncludes(response.headers.get("content-type")!, "application/json");
  return (await response.json()).error;
}

Deno.test("startServer() listens and says where", async () => {
  await using test = startTestServer();
  assertEquals(test.server.hostname, "127.0.0.1");
  assert(test.server.port > 0);
  assertEquals(test.server.connections, 0);
});

Deno.test("startServer() throws if the port is taken", async () => {
  await using test = startTestServer();
  const error = assertThrows(() => startTestServer({ port: test.port }), Error);
  assertEquals(
    error.message,
    `Cannot listen on "127.0.0.1:${test.port}": the address is in use; ` +
      "end what uses it or choose another port",
  );
  assert(error.cause instanceof Deno.errors.AddrInUse);
});

Deno.test("startServer() answers unknown paths with 404 and the endpoints", async () => {
  await using test = startTestServer();
  for (const path of ["/", "/nowhere", "/rpc/", "/health/other", "/%2e%2e/etc", "//rpc"]) {
    const response = await fetch(test.url + path);
    assertEquals(response.status, 404, path);
    const { code, message } = await errorOf(response);
    assertEquals(code, "not_found");
    assertStringIncludes(message, "/ws/jsonrpc, /rpc, /health, /health/live, /health/ready");
  }
});

Deno.test("startServer() answers a wrong method with 405 and the right ones", async () => {
  await using test = startTestServer();
  const cases = [
    ["GET", "/rpc", "POST"],
    ["DELETE", "/rpc", "POST"],
    ["POST", "/health", "GET, HEAD"],
    ["POST", "/ws/jsonrpc", "GET, HEAD"],
  ] as const;
  for (const [method, path, allow] of cases) {
    const response = await fetch(test.url + path, { method });
    assertEquals([response.status, response.headers.get("allow")], [405, allow]);
    assertEquals((await errorOf(response)).code, "method_not_allowed");
  }
});

Deno.test("startServer() sets headers against sniffing and caching on every answer", async () => {
  await using test = startTestServer();
  for (const path of ["/health", "/nowhere", "/ws/jsonrpc"]) {
    const response = await fetch(test.url + path);
    await response.body?.cancel();
    assertEquals(response.headers.get("x-content-type-options"), "nosniff");
    assertEquals(response.headers.get("cache-control"), "no-store");
  }
});

Deno.test("startServer() answers a plain GET on the WebSocket path with 426 and a hint", async () => {
  await using test = startTestServer();
  const response = await fetch(`${test.url}/ws/jsonrpc`);
  assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
  const { code, message } = await errorOf(response);
  assertEquals(code, "upgrade_required");
  assertStringIncludes(message, "WebSocket client");
});

Deno.test("startServer() answers a broken handshake with 400", async () => {
  await using test = startTestServer();
  const path = "/ws/jsonrpc";
  const broken = [
    { "Sec-WebSocket-Version": "8" },
    { "Sec-WebSocket-Key": "" },
    { Connection: "close" },
  ];
  for (const headers of broken) {
    const { status } = await rawHttp(test.port, { path, headers: upgradeHeaders(headers) });
    assertEquals(status, 400, JSON.stringify(headers));
  }
  assertEquals(test.server.connections, 0);
});

Deno.test("startServer() asks the guard first", async () => {
  await using test = startTestServer({
    guard: {
      check: (request) =>
        request.headers.get("x-key") === "right"
          ? { ok: true, caller: "somebody", protocol: "codebeaker" }
          : { ok: false, status: 401, body: { error: { code: "no" } }, headers: { "x-a": "b" } },
    },
  });
  for (const path of ["/health", "/nowhere", "/ws/jsonrpc"]) {
    const response = await fetch(test.url + path);
    assertEquals([response.status, response.headers.get("x-a")], [401, "b"]);
    assertEquals(await response.json(), { error: { code: "no" } });
  }
  const { status } = await rawHttp(test.port, { path: "/ws/jsonrpc", headers: upgradeHeaders() });
  assertEquals(status, 401);
  await using client = await RpcClient.connect(test.wsUrl, {
    headers: { "x-key": "right" },
    protocols: ["other", "codebeaker"],
  });
  assertEquals(client.protocol, "codebeaker");
  await client.call("echo");
  assertEquals(test.peers[0]!.caller, "somebody");
});

Deno.test("startServer() answers 500 with a reference when something throws", async () => {
  const events: string[] = [];
  await using test = startTestServer({
    guard: {
      check() {
        throw new Error("/secret/path");
      },
    },
    events: { requestAnswered: ({ path, status }) => void events.push(`${path} ${status}`) },
  });
  const response = await fetch(`${test.url}/health?key=secret`);
  assertEquals(response.status, 500);
  const { code, message } = await errorOf(response);
  assertEquals(code, "internal_error");
  assertMatch(message, /reference [0-9a-f-]{36}$/);
  assertEquals((test.failures[0] as Error).message, "/secret/path");
  assertEquals(events, ["/health 500"]);
});

Deno.test("startServer() serves further routes", async () => {
  await using test = startTestServer({
    routes: [{
      path: "/files/*",
      methods: ["GET"],
      handle: (request) =>
        new Response(new URL(request.url).pathname, { headers: { "cache-control": "private" } }),
    }],
  });
  const response = await fetch(`${test.url}/files/a/b`);
  assertEquals(await response.text(), "/files/a/b");
  assertEquals(response.headers.get("cache-control"), "private");
  const { message } = await errorOf(await fetch(`${test.url}/nowhere`));
  assertStringIncludes(message, "/files/*");
});

Deno.test("startServer() refuses more connections than allowed", async () => {
  await using test = startTestServer({ limits: { maxConnections: 2 } });
  const first = await RpcClient.connect(test.wsUrl);
  await using _second = await RpcClient.connect(test.wsUrl);
  const upgrade = () => rawHttp(test.port, { path: "/ws/jsonrpc", headers: upgradeHeaders() });
  const { status, headers } = await upgrade();
  assertEquals([status, headers.get("retry-after")], [503, "5"]);
  await first.close();
  await until(() => test.server.connections === 1, WAIT_MS, "the first connection to end");
  await using _third = await RpcClient.connect(test.wsUrl);
  assertEquals(test.server.connections, 2);
});

Deno.test("startServer() forgets a connection that ends during the handshake", async () => {
  await using test = startTestServer();
  for (let index = 0; index < 20; index++) {
    using connection = await Deno.connect({ hostname: "127.0.0.1", port: test.port });
    const head = Object.entries(upgradeHeaders()).map(([name, value]) => `${name}: ${value}\r\n`);
    const text = `GET /ws/jsonrpc HTTP/1.1\r\nHost: localhost\r\n${head.join("")}\r\n`;
    await connection.write(new TextEncoder().encode(text));
  }
  await until(() => test.server.connections === 0, WAIT_MS, "the connections to end");
  await using client = await RpcClient.connect(test.wsUrl);
  assertEquals((await client.call("echo", { a: 1 })).result, { a: 1 });
});

Deno.test("RunningServer.stopAccepting() refuses what is new, and lets the rest go on", async () => {
  await using test = startTestServer();
  await using client = await RpcClient.connect(test.wsUrl);
  test.server.stopAccepting();
  const call = await fetch(`${test.url}/rpc`, { method: "POST", body: WAIT });
  assertEquals([call.status, (await errorOf(call)).code], [503, "shutting_down"]);
  const { status } = await rawHttp(test.port, { path: "/ws/jsonrpc", headers: upgradeHeaders() });
  assertEquals(status, 503);
  assertEquals((await (await fetch(`${test.url}/health/live`)).json()).status, "live");
  assertEquals((await client.call("echo", { a: 1 })).result, { a: 1 });
});

Deno.test("RunningServer.close() lets answers leave and closes with 1001", async () => {
  await using test = startTestServer({ limits: { maxQueueBytes: 64 * MIB } });
  const client = await RpcClient.connect(test.wsUrl);
  await client.call("echo");
  const text = "x".repeat(MIB);
  for (let seq = 0; seq < 8; seq++) test.peers[0]!.notify("flood", { seq, text });
  client.sendRaw(WAIT);
  await client.call("echo");
  const closing = test.server.close(WAIT_MS);
  test.gate.resolve();
  const { code, reason } = await within(client.closed, WAIT_MS, "the connection to close");
  assertEquals([code, reason], [CLOSE_CODES.GoingAway, "Server is shutting down"]);
  assertEquals(client.notifications("flood").length, 8);
  assert(client.messages.some(({ id, result }) => id === "w" && result === "waited"));
  await closing;
  assertEquals(test.server.connections, 0);
});

Deno.test("RunningServer.close() does not wait beyond the grace", async (t) => {
  await t.step("for a request that is not answered", async () => {
    await using test = startTestServer();
    const client = await RpcClient.connect(test.wsUrl);
    client.sendRaw(WAIT);
    await client.call("echo");
    await within(test.server.close(50), WAIT_MS, "the server to close");
    assertEquals((await client.closed).code, CLOSE_CODES.GoingAway);
    test.gate.resolve();
  });
  await t.step("for a client that does not answer the close frame", async () => {
    await using test = startTestServer();
    using client = await RawWebSocket.connect(test.port);
    await within(test.server.close(50), WAIT_MS, "the server to close");
    const frame = await client.receive();
    assertEquals(closeOf(frame!).code, CLOSE_CODES.GoingAway);
  });
  await t.step("for a client that does not read", async () => {
    await using test = startTestServer({ limits: { maxQueueBytes: 64 * MIB } });
    using client = await RawWebSocket.connect(test.port);
    await client.send(OPCODE.Text, `{"jsonrpc":"2.0","id":1,"method":"echo"}`);
    await until(() => test.peers.length === 1, WAIT_MS, "the peer");
    const text = "x".repeat(MIB);
    for (let seq = 0; seq < 32; seq++) test.peers[0]!.notify("flood", { seq, text });
    await within(test.server.close(50), WAIT_MS, "the server to close");
  });
  await t.step("for an HTTP call", async () => {
    await using test = startTestServer();
    const headers = { "content-type": "application/json" };
    const call = fetch(`${test.url}/rpc`, { method: "POST", headers, body: WAIT })
      .then((response) => response.text(), (error) => error);
    await (await fetch(`${test.url}/health`)).body?.cancel();
    await within(test.server.close(50), WAIT_MS, "the server to close");
    assert(await call instanceof TypeError);
    test.gate.resolve();
  });
});

Deno.test("RunningServer.close() is memoised, and ends the listening", async () => {
  const test = startTestServer();
  const closing = test.server.close();
  assertEquals(test.server.close(), closing);
  await closing;
  const error = await fetch(`${test.url}/health`).then(() => undefined, (error) => error);
  assert(error instanceof TypeError);
});

Deno.test("startServer() tells of connections and requests", async () => {
  const told: string[] = [];
  await using test = startTestServer({
    events: {
      connectionOpened: ({ id, caller, remote }) => {
        assertMatch(remote, /^127\.0\.0\.1:\d+$/);
        told.push(`opened ${id} ${caller}`);
      },
      requestAnswered: ({ method, path, status }) => void told.push(`${method} ${path} ${status}`),
    },
  });
  await (await RpcClient.connect(test.wsUrl)).close();
  await (await fetch(`${test.url}/health?a=secret`)).body?.cancel();
  assertEquals(told, ["opened c1 anonymous", "GET /ws/jsonrpc 101", "GET /health 200"]);
  await until(() => test.closed.length === 1, WAIT_MS, "the end of the connection");
});
