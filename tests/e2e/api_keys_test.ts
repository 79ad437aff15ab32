import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { rawHttp, upgradeHeaders } from "../testutil/raw_http.ts";
import { sharedServer } from "../testutil/shared_server.ts";

const KEY = "key-5f2b9d0c7a1e4863";
const server = sharedServer({ env: { CODEBEAKER_API_KEYS: `ci=${KEY}` } });

async function upgrade(headers: Record<string, string>, path = "/ws/jsonrpc") {
  return await rawHttp(server.process.port, { path, headers: upgradeHeaders(headers) });
}

function base64Url(text: string): string {
  return new TextEncoder().encode(text).toBase64({ alphabet: "base64url", omitPadding: true });
}

async function postStatus(headers: Record<string, string>, query = ""): Promise<number> {
  const response = await fetch(`${server.process.url}/rpc${query}`, {
    method: "POST",
    headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify({ jsonrpc: "2.0", id: 1, method: "session.list" }),
  });
  await response.body?.cancel();
  return response.status;
}

Deno.test("a server with keys refuses who has none", async () => {
  const { status, headers } = await upgrade({});
  assertEquals(status, 401);
  assertMatch(headers.get("www-authenticate") ?? "", /^Bearer/);
  assertEquals(await postStatus({}), 401);
  await assertRejects(() => server.connect());
});

Deno.test("a server with keys refuses wrong credentials", async () => {
  const wrong = [
    "Bearer wrong",
    `Bearer ${KEY}x`,
    `Bearer ${KEY.slice(0, -1)}`,
    "Bearer",
    "Bearer ",
    `Basic ${btoa(`ci:${KEY}`)}`,
    `Bearer ci=${KEY}`,
    "Bearer ci",
    KEY,
  ];
  for (const Authorization of wrong) {
    assertEquals((await upgrade({ Authorization })).status, 401, Authorization);
    assertEquals(await postStatus({ Authorization }), 401, Authorization);
  }
});

Deno.test("a server with keys takes a bearer token", async () => {
  assertEquals((await upgrade({ Authorization: `Bearer ${KEY}` })).status, 101);
  assertEquals(await postStatus({ Authorization: `Bearer ${KEY}` }), 200);
  await using client = await server.connect({ headers: { Authorization: `Bearer ${KEY}` } });
  assertEquals((await client.request("session.list", {})).count, 0);
});

Deno.test("a server with keys takes a subprotocol entry and never sends it back", async () => {
  const protocols = ["codebeaker.v1", `codebeaker.key.${base64Url(KEY)}`];
  await using client = await server.connect({ protocols });
  assertEquals(client.protocol, "codebeaker.v1");
  assertEquals((await client.request("session.list", {})).count, 0);
  const refused = {
    "Sec-WebSocket-Protocol": `codebeaker.v1, codebeaker.key.${base64Url("wrong")}`,
  };
  assertEquals((await upgrade(refused)).status, 401);
});

Deno.test("a server with keys refuses a key in the URL", async () => {
  for (const query of [`?key=${KEY}`, `?api_key=${KEY}`, `?token=${KEY}`, `?access_token=${KEY}`]) {
    assert([400, 401].includes((await upgrade({}, `/ws/jsonrpc${query}`)).status), query);
    assert([400, 401].includes(await postStatus({}, query)), query);
  }
});

Deno.test("a server with keys logs none of them", async () => {
  await using client = await server.connect({ headers: { Authorization: `Bearer ${KEY}` } });
  await client.request("session.list", {});
  const log = await server.process.stderr() + await server.process.stdout();
  assert(!log.includes(KEY), "the key is in the log");
});

Deno.test("a server with keys tells anyone that it lives", async () => {
  const response = await fetch(`${server.process.url}/health/live`);
  await response.body?.cancel();
  assertEquals(response.status, 200);
});
