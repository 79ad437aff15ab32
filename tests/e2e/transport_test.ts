import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { rawHttp, upgradeHeaders } from "../testutil/raw_http.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { within } from "../testutil/within.ts";

const ORIGIN = "https://app.example";
const server = sharedServer({
  env: {
    CODEBEAKER_ALLOWED_ORIGINS: ORIGIN,
    CODEBEAKER_ALLOWED_HOSTS: "beaker.example",
    CODEBEAKER_MAX_MESSAGE_BYTES: "2MiB",
    CODEBEAKER_MAX_CODE_BYTES: "1MiB",
    CODEBEAKER_MAX_FILE_BYTES: "1MiB",
  },
});

const PING = { jsonrpc: "2.0", id: 1, method: "session.list" };

function post(body: BodyInit, headers: Record<string, string> = {}): Promise<Response> {
  return fetch(`${server.process.url}/rpc`, {
    method: "POST",
    body,
    headers: { "Content-Type": "application/json", ...headers },
  });
}

async function upgradeStatus(
  headers: Record<string, string>,
  path = "/ws/jsonrpc",
): Promise<number> {
  const { status } = await rawHttp(server.process.port, { path, headers: upgradeHeaders(headers) });
  return status;
}

Deno.test("GET /ws/jsonrpc without an upgrade answers 426 with a hint", async () => {
  const response = await fetch(`${server.process.url}/ws/jsonrpc`);
  assertEquals([response.status, response.headers.get("upgrade")], [426, "websocket"]);
  assertMatch(await response.text(), /websocket/i);
});

Deno.test("unknown paths answer 404 with JSON", async () => {
  for (const path of ["/", "/ws", "/rpc/x", "/health/x", "/..%2fetc/passwd", "/%00", "/%ff"]) {
    const response = await fetch(`${server.process.url}${path}`);
    assertEquals(response.status, 404, path);
    assertMatch(response.headers.get("content-type") ?? "", /json/);
    const body = await response.json();
    assert(typeof body === "object" && body !== null);
  }
});

Deno.test("wrong methods answer 405 and name the right ones", async () => {
  for (const [method, path, allowed] of [["GET", "/rpc", "POST"], ["POST", "/health", "GET"]]) {
    const response = await fetch(`${server.process.url}${path}`, { method: method! });
    await response.body?.cancel();
    assertEquals(response.status, 405, path);
    assertMatch(response.headers.get("allow") ?? "", new RegExp(allowed!));
  }
});

Deno.test("health endpoints answer JSON", async () => {
  for (const path of ["/health", "/health/live", "/health/ready"]) {
    const response = await fetch(`${server.process.url}${path}`);
    assertEquals(response.status, 200, path);
    assertMatch(response.headers.get("content-type") ?? "", /application\/json/);
    assertEquals(typeof (await response.json()).status, "string", path);
  }
});

Deno.test("POST /rpc answers requests, batches, notifications and nonsense", async () => {
  const one = await post(JSON.stringify(PING));
  assertEquals([one.status, (await one.json()).result.count], [200, 0]);
  const batch = await post(
    JSON.stringify([PING, { ...PING, id: "b" }, { jsonrpc: "2.0", method: "x" }]),
  );
  const ids = (await batch.json() as { id: unknown }[]).map(({ id }) => id);
  assertEquals(ids.toSorted(), [1, "b"]);
  const silent = await post(JSON.stringify({ jsonrpc: "2.0", method: "session.list" }));
  assertEquals([silent.status, await silent.text()], [204, ""]);
  assertEquals((await (await post("{")).json()).error.code, -32700);
  assertEquals((await (await post("[]")).json()).error.code, -32600);
});

Deno.test("POST /rpc refuses other content types, which a foreign page could send", async () => {
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"]) {
    const response = await post(JSON.stringify(PING), { "Content-Type": type });
    await response.body?.cancel();
    assertEquals(response.status, 415, type);
  }
});

Deno.test("the WebSocket answers text and binary messages", async () => {
  await using client = await server.connect();
  client.sendRaw(new TextEncoder().encode(JSON.stringify({ ...PING, id: "binary" })));
  const answer = await client.next(({ id }) => id === "binary");
  assertEquals((answer.result as { count: number }).count, 0);
});

Deno.test("the WebSocket answers nonsense with the errors of JSON-RPC and stays open", async () => {
  await using client = await server.connect();
  const cases: [text: string, code: number, id: string | number | null][] = [
    ["{", -32700, null],
    ['{"jsonrpc":"2.0","method":1,"id":3}', -32600, 3],
    ["1", -32600, null],
    ['{"jsonrpc":"2.0","id":"7","method":"nope"}', -32601, "7"],
    ['{"jsonrpc":"2.0","id":null,"method":"nope"}', -32601, null],
    ['{"jsonrpc":"2.0","id":1.5,"method":"session.get","params":[1]}', -32602, 1.5],
  ];
  for (const [index, [text, code, id]] of cases.entries()) {
    client.sendRaw(text);
    await client.next(() => client.messages.length > index);
    const { error, id: answered } = client.messages[index]!;
    assertEquals<unknown>([error?.code, answered], [code, id], text);
  }
  assertEquals((await client.request("session.list", {})).count, 0);
});

Deno.test("initialize and rpc.discover describe the server", async () => {
  await using client = await server.connect();
  const { name, version } = await client.request("initialize", {});
  assertMatch(name, /CodeBeaker/i);
  assertMatch(version, /^\d+\.\d+\.\d+/);
  const document = await client.request("rpc.discover", {}) as { methods?: { name: string }[] };
  const names = document.methods?.map((method) => method.name) ?? [];
  for (const method of ["session.create", "session.execute", "execution.attach"]) {
    assert(names.includes(method), method);
  }
  const { languages } = await client.request("language.list", {});
  assert(languages.some((language) => language.name === "deno"));
  const { runtimes } = await client.request("runtime.list", {});
  assertEquals(runtimes.find((runtime) => runtime.name === "deno")?.available, true);
});

Deno.test("foreign origins are refused, on the upgrade and on every route", async () => {
  const { port, url } = server.process;
  for (
    const origin of [
      "https://evil.example",
      "null",
      `http://127.0.0.1:${port + 1}`,
      "http://127.0.0.1",
      `${ORIGIN}.evil.example`,
      "file://",
    ]
  ) {
    assertEquals(await upgradeStatus({ Origin: origin }), 403, origin);
    const response = await post(JSON.stringify(PING), { Origin: origin });
    await response.body?.cancel();
    assertEquals(response.status, 403, origin);
    const { status } = await rawHttp(port, { path: "/health", headers: { Origin: origin } });
    assertEquals(status, 403, origin);
  }
  for (const origin of [ORIGIN, url]) {
    assertEquals(await upgradeStatus({ Origin: origin }), 101, origin);
    const response = await post(JSON.stringify(PING), { Origin: origin });
    assertEquals([response.status, (await response.json()).result.count], [200, 0], origin);
  }
});

Deno.test("foreign hosts are refused, on the upgrade and on every route", async () => {
  const { port } = server.process;
  for (
    const host of [
      "evil.example",
      `evil.example:${port}`,
      "127.0.0.1.evil.example",
      "192.0.2.1",
      "",
    ]
  ) {
    const upgraded = await upgradeStatus({ Host: host });
    assert([400, 403, 421].includes(upgraded), `${host}: ${upgraded}`);
    const { status } = await rawHttp(port, { path: "/health", headers: { Host: host } });
    assert([400, 403, 421].includes(status), `${host}: ${status}`);
  }
  for (
    const host of [`localhost:${port}`, `127.0.0.1:${port}`, `[::1]:${port}`, "beaker.example"]
  ) {
    assertEquals(await upgradeStatus({ Host: host }), 101, host);
  }
});

Deno.test("a message over the limit is answered, and closes its connection and no other", async () => {
  await using other = await server.connect();
  const client = await server.connect();
  client.sendRaw(JSON.stringify({ ...PING, more: "x".repeat(3 * 2 ** 20) }));
  const { code } = await within(client.closed, 10_000, "the server to close the connection");
  assertEquals(code, 1009);
  assertEquals(client.messages.map(({ error }) => error?.code), [-32006]);
  assertEquals((await other.request("session.list", {})).count, 0);
});

Deno.test("a body over the limit is answered with 413", async () => {
  const response = await post("x".repeat(3 * 2 ** 20));
  assertEquals([response.status, (await response.json()).error.code], [413, -32006]);
});

Deno.test("an upgrade elsewhere is refused", async () => {
  await assertRejects(() => RpcClient.connect(server.process.wsUrl.replace("jsonrpc", "other")));
  assertEquals(await upgradeStatus({}, "/ws/other"), 404);
});
