import { assertEquals, assertStringIncludes } from "@std/assert";
import { ApiKeys } from "../../src/auth/api_keys.ts";
import { keySubprotocol } from "../../src/auth/credentials.ts";
import { RequestGuard } from "../../src/auth/request_guard.ts";

const KEY = "alice-0123456789-0123456789";

async function guard(apiKeys: string[]): Promise<RequestGuard> {
  const keys = await ApiKeys.load({ apiKeys, readTextFile: () => Promise.reject(new Error()) });
  return new RequestGuard({
    host: "127.0.0.1",
    allowedHosts: ["code.example.com"],
    allowedOrigins: ["https://app.example.com"],
    keys,
  });
}

function request(path: string, headers: Record<string, string> = {}, method = "GET"): Request {
  return new Request(`http://localhost:5000${path}`, {
    method,
    headers: { host: "localhost:5000", ...headers },
  });
}

function upgrade(headers: Record<string, string>): Request {
  return request("/ws/jsonrpc", { upgrade: "websocket", connection: "Upgrade", ...headers });
}

Deno.test("RequestGuard.check() admits who may ask", async (t) => {
  const open = await guard([]);
  const keyed = await guard([`alice=${KEY}`]);
  const bearer = { authorization: `Bearer ${KEY}` };
  const offer = { "sec-websocket-protocol": `codebeaker.v1, ${keySubprotocol(KEY)}` };
  const table: [string, RequestGuard, Request, { caller: string; protocol?: string }][] = [
    ["anybody without keys", open, request("/rpc"), { caller: "anonymous" }],
    ["a key that is not needed", open, request("/rpc", bearer), { caller: "anonymous" }],
    ["a bearer", keyed, request("/rpc", bearer), { caller: "alice" }],
    ["an upgrade with a bearer", keyed, upgrade(bearer), { caller: "alice" }],
    ["a browser", keyed, upgrade(offer), { caller: "alice", protocol: "codebeaker.v1" }],
    [
      "a page of a configured origin",
      keyed,
      upgrade({ ...offer, origin: "https://app.example.com" }),
      { caller: "alice", protocol: "codebeaker.v1" },
    ],
    ["its own page", open, request("/", { origin: "http://localhost:5000" }), {
      caller: "anonymous",
    }],
    ["a configured host", open, request("/", { host: "Code.example.com" }), {
      caller: "anonymous",
    }],
    ["a probe", keyed, request("/health"), { caller: "anonymous" }],
    ["a probe of life", keyed, request("/health/live"), { caller: "anonymous" }],
    ["a probe of readiness", keyed, request("/health/ready", {}, "HEAD"), { caller: "anonymous" }],
  ];
  for (const [name, checked, asked, expected] of table) {
    await t.step(name, async () => {
      assertEquals(await checked.check(asked), { ok: true, ...expected });
    });
  }
});

Deno.test("RequestGuard.check() refuses everybody else", async (t) => {
  const open = await guard([]);
  const keyed = await guard([`alice=${KEY}`]);
  const bearer = { authorization: `Bearer ${KEY}` };
  const table: [string, RequestGuard, Request, number, string][] = [
    ["a rebound name", open, request("/rpc", { host: "evil.example:5000" }), 421, "host_refused"],
    ["an empty host", open, request("/rpc", { host: "" }), 421, "host_refused"],
    ["a host with a path", open, request("/", { host: "localhost/x?" }), 421, "host_refused"],
    ["two hosts", open, request("/", { host: "localhost, evil" }), 421, "host_refused"],
    [
      "another host in the request line",
      open,
      new Request("http://evil.example/rpc", { headers: { host: "localhost" } }),
      421,
      "host_refused",
    ],
    ["a foreign page", open, upgrade({ origin: "https://evil.example" }), 403, "origin_refused"],
    ["a page without origin", open, upgrade({ origin: "null" }), 403, "origin_refused"],
    [
      "a foreign page with a key",
      keyed,
      upgrade({ ...bearer, origin: "https://evil.example" }),
      403,
      "origin_refused",
    ],
    [
      "a probe by a foreign page",
      keyed,
      request("/health", { origin: "https://evil.example" }),
      403,
      "origin_refused",
    ],
    ["a probe of a rebound name", keyed, request("/health", { host: "evil" }), 421, "host_refused"],
    ["a key in the URL", keyed, request(`/rpc?api_key=${KEY}`, bearer), 400, "key_in_url"],
    ["a token in the URL", open, request(`/ws/jsonrpc?token=${KEY}`), 400, "key_in_url"],
    ["nobody", keyed, request("/rpc", {}, "POST"), 401, "unauthorized"],
    ["nobody at the metrics", keyed, request("/metrics"), 401, "unauthorized"],
    ["a post to a probe", keyed, request("/health", {}, "POST"), 401, "unauthorized"],
    ["a path like a probe", keyed, request("/health/../rpc"), 401, "unauthorized"],
    ["another path like a probe", keyed, request("/health/x"), 401, "unauthorized"],
    ["a wrong key", keyed, request("/", { authorization: "Bearer x" }), 401, "unauthorized"],
    ["another scheme", keyed, request("/", { authorization: `Basic ${KEY}` }), 401, "unauthorized"],
    [
      "a browser with a wrong key",
      keyed,
      upgrade({ "sec-websocket-protocol": `codebeaker.v1, ${keySubprotocol("x".repeat(20))}` }),
      401,
      "unauthorized",
    ],
    [
      "a browser without the protocol",
      keyed,
      upgrade({ "sec-websocket-protocol": keySubprotocol(KEY) }),
      400,
      "subprotocol_missing",
    ],
  ];
  for (const [name, checked, asked, status, code] of table) {
    await t.step(name, async () => {
      const decision = await checked.check(asked);
      assertEquals(
        decision.ok ? decision : { status: decision.status, code: decision.body.error.code },
        { status, code },
      );
      assertEquals(JSON.stringify(decision).includes(KEY), false);
      assertEquals(JSON.stringify(decision).includes(keySubprotocol(KEY)), false);
    });
  }
});

Deno.test("RequestGuard.check() answers missing and unknown keys alike", async () => {
  const keyed = await guard([`alice=${KEY}`]);
  const missing = await keyed.check(request("/rpc"));
  const unknown = await keyed.check(request("/rpc", { authorization: "Bearer unknown" }));
  if (missing.ok || unknown.ok) throw new Error("Both were admitted");
  assertEquals(missing.headers, { "www-authenticate": 'Bearer realm="codebeaker"' });
  assertEquals(unknown.headers, missing.headers);
  assertStringIncludes(missing.body.error.message, "Authorization: Bearer KEY");
  assertEquals(unknown.body.error.message.includes("unknown"), false);
});

Deno.test("RequestGuard.check() judges what a real server receives", async (t) => {
  const checked = await guard([`alice=${KEY}`]);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    async (asked) => {
      const decision = await checked.check(asked);
      return Response.json(decision, { status: decision.ok ? 200 : decision.status });
    },
  );
  const { port } = server.addr;
  const key = `Authorization: Bearer ${KEY}\r\n`;
  const table: [string, string, string][] = [
    ["a host", `GET /rpc HTTP/1.1\r\nHost: localhost:${port}\r\n${key}`, " 200 "],
    ["no host", `GET /rpc HTTP/1.0\r\n${key}`, " 200 "],
    ["no key", `GET /rpc HTTP/1.1\r\nHost: localhost:${port}\r\n`, " 401 "],
    ["an empty host", `GET /rpc HTTP/1.1\r\nHost: \r\n${key}`, " 421 "],
    ["a rebound name", `GET /rpc HTTP/1.1\r\nHost: evil.example\r\n${key}`, " 421 "],
    ["text as a host", `GET /rpc HTTP/1.1\r\nHost: exa mple/x?y\r\n${key}`, " 421 "],
    ["a probe smuggled into the host", "GET / HTTP/1.1\r\nHost: localhost/health?\r\n", " 421 "],
    ["bytes as a host", `GET /rpc HTTP/1.1\r\nHost: \xe9vil\r\n${key}`, " 421 "],
    ["two hosts", `GET /rpc HTTP/1.1\r\nHost: localhost\r\nHost: evil\r\n${key}`, " 400 "],
    ["a URL", `GET http://evil.example/rpc HTTP/1.1\r\nHost: localhost\r\n${key}`, " 421 "],
    [
      "two origins",
      `GET /rpc HTTP/1.1\r\nHost: localhost:${port}\r\nOrigin: http://localhost:${port}\r\nOrigin: http://evil.example\r\n${key}`,
      " 403 ",
    ],
  ];
  for (const [name, head, expected] of table) {
    await t.step(name, async () => {
      using connection = await Deno.connect({ hostname: "127.0.0.1", port });
      const bytes = Uint8Array.from(`${head}Connection: close\r\n\r\n`, (c) => c.charCodeAt(0));
      await connection.write(bytes);
      const answer = new Uint8Array(4096);
      const length = await connection.read(answer) ?? 0;
      assertStringIncludes(
        new TextDecoder().decode(answer.subarray(0, length)).slice(0, 20),
        expected,
      );
    });
  }
});
