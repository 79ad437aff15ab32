import { assertEquals, assertStringIncludes } from "@std/assert";
import { until, within } from "../testutil/within.ts";
import { startTestServer, type TestServer } from "./test_server.ts";

const WAIT_MS = 15_000;
const JSON_TYPE = { "content-type": "application/json" };
const ECHO = JSON.stringify({ jsonrpc: "2.0", id: 1, method: "echo", params: { a: "é" } });

function post(
  { url }: TestServer,
  body: BodyInit,
  init: RequestInit = {},
): Promise<Response> {
  return fetch(`${url}/rpc`, { method: "POST", headers: JSON_TYPE, body, ...init });
}

/** Writes the head and the beginning of a call by hand, and leaves the rest to the test. */
async function begin({ port }: TestServer, headers: string, body = ""): Promise<Deno.TcpConn> {
  const connection = await Deno.connect({ hostname: "127.0.0.1", port });
  const text = "POST /rpc HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n" +
    `${headers}\r\n\r\n${body}`;
  await connection.write(new TextEncoder().encode(text));
  return connection;
}

async function readSome(connection: Deno.TcpConn): Promise<string> {
  const buffer = new Uint8Array(4096);
  const length = await within(connection.read(buffer), WAIT_MS, "an answer") ?? 0;
  return new TextDecoder().decode(buffer.subarray(0, length));
}

Deno.test("rpcRoute() answers a call", async () => {
  await using test = startTestServer();
  const response = await post(test, ECHO);
  assertEquals(response.status, 200);
  assertStringIncludes(response.headers.get("content-type")!, "application/json");
  assertEquals(await response.json(), { jsonrpc: "2.0", id: 1, result: { a: "é" } });
  const [peer] = test.peers;
  assertEquals([peer!.canNotify, peer!.caller], [false, "anonymous"]);
  peer!.notify("goes nowhere", {});
});

Deno.test("rpcRoute() answers batches, and errors with 200", async () => {
  await using test = startTestServer();
  const batch = await (await post(test, `[${ECHO},5]`)).json();
  assertEquals([batch.length, batch[1].error.code], [2, -32600]);
  for (const [body, code] of [["{", -32700], ["", -32700], ["[]", -32600]] as const) {
    const response = await post(test, body);
    assertEquals([response.status, (await response.json()).error.code], [200, code]);
  }
});

Deno.test("rpcRoute() answers 204 when there is nothing to say", async () => {
  await using test = startTestServer();
  const response = await post(test, `{"jsonrpc":"2.0","method":"echo"}`);
  assertEquals([response.status, await response.text()], [204, ""]);
  assertEquals(test.peers.length, 1);
});

Deno.test("rpcRoute() takes application/json only", async () => {
  await using test = startTestServer();
  const refused = [
    "text/plain",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "application/jsonp",
    "text/plain; application/json",
  ];
  for (const type of refused) {
    const response = await post(test, ECHO, { headers: { "content-type": type } });
    assertEquals(response.status, 415, type);
    assertEquals((await response.json()).error.code, "unsupported_media_type");
  }
  const unnamed = await post(test, new Blob([ECHO]), { headers: {} });
  await unnamed.body?.cancel();
  assertEquals([unnamed.status, test.peers.length], [415, 0]);
  for (const type of ["application/json; charset=utf-8", "Application/JSON"]) {
    const response = await post(test, ECHO, { headers: { "content-type": type } });
    await response.body?.cancel();
    assertEquals(response.status, 200, type);
  }
});

Deno.test("rpcRoute() answers a body that is not UTF-8 with a Parse error", async () => {
  await using test = startTestServer();
  const { id, error } = await (await post(test, new Uint8Array([0x7b, 0xff, 0x7d]))).json();
  assertEquals([id, error.code, error.data.reason], [null, -32700, "parse_error"]);
});

Deno.test("rpcRoute() refuses a body that is too large", async (t) => {
  const limits = { maxMessageBytes: 1000 };
  await t.step("if it says so", async () => {
    await using test = startTestServer({ limits });
    const response = await post(test, "x".repeat(1001));
    const { id, error } = await response.json();
    assertEquals([response.status, id, error.code], [413, null, -32006]);
    assertEquals(error.data, { reason: "too_large", maxMessageBytes: 1000 });
  });
  await t.step("if it does not", async () => {
    await using test = startTestServer({ limits });
    const chunk = `1f4\r\n${"x".repeat(500)}\r\n`;
    using connection = await begin(test, "Transfer-Encoding: chunked", chunk.repeat(3));
    assertStringIncludes(await readSome(connection), "HTTP/1.1 413");
  });
  await t.step("but takes one that just fits", async () => {
    await using test = startTestServer({ limits });
    const room = 1000 - new TextEncoder().encode(ECHO).length;
    const response = await post(test, ECHO + " ".repeat(room));
    assertEquals((await response.json()).id, 1);
  });
});

Deno.test("rpcRoute() does not wait forever for a body", async () => {
  await using test = startTestServer({ limits: { bodyTimeoutMs: 50 } });
  using connection = await begin(test, "Content-Length: 100", "{");
  assertStringIncludes(await readSome(connection), "HTTP/1.1 408");
  assertEquals(test.peers.length, 0);
});

Deno.test("rpcRoute() tells the peer that its client has left, and goes on", async () => {
  const ended = Promise.withResolvers<boolean>();
  const begun = Promise.withResolvers<void>();
  await using test = startTestServer({
    methods: {
      watch: {
        params: { safeParse: (data: unknown) => ({ success: true, data }) },
        handler: async (_: unknown, { signal }) => {
          begun.resolve();
          await until(() => signal.aborted, WAIT_MS, "the client to leave");
          ended.resolve(true);
        },
      },
    },
  });
  const body = `{"jsonrpc":"2.0","id":1,"method":"watch"}`;
  const connection = await begin(test, `Content-Length: ${body.length}`, body);
  await begun.promise;
  connection.close();
  assertEquals(await within(ended.promise, WAIT_MS, "the call to go on"), true);
  assertEquals(test.failures, []);
});

Deno.test("rpcRoute() refuses more calls at once than allowed", async () => {
  await using test = startTestServer({ limits: { maxConnections: 1 } });
  const waiting = post(test, `{"jsonrpc":"2.0","id":1,"method":"wait"}`);
  let refused: Response | undefined;
  await until(
    async () => {
      const response = await post(test, ECHO);
      if (response.status === 503) refused = response;
      else await response.body?.cancel();
      return refused !== undefined;
    },
    WAIT_MS,
    "a refusal",
  );
  assertEquals((await refused!.json()).error.code, "too_many_calls");
  test.gate.resolve();
  assertEquals((await (await waiting).json()).result, "waited");
  assertEquals((await (await post(test, ECHO)).json()).id, 1);
});
