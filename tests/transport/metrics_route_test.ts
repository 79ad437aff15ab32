import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { ApiKeys } from "../../src/auth/api_keys.ts";
import { RequestGuard } from "../../src/auth/request_guard.ts";
import { type MetricsProvider, metricsRoute } from "../../src/transport/metrics_route.ts";
import { startTestServer, type TestServer, type TestServerOptions } from "./test_server.ts";

const KEY = "alice-0123456789-0123456789";

/** Says which format was asked for. */
const provider: MetricsProvider = {
  scrape: (format) => Promise.resolve({ contentType: `text/x-${format}`, body: `${format}\n` }),
};

function start(options: TestServerOptions & { provider?: MetricsProvider } = {}): TestServer {
  const { provider: given = provider, ...rest } = options;
  return startTestServer({ ...rest, routes: [metricsRoute(given)] });
}

Deno.test("metricsRoute() answers GET and HEAD and nothing else", async () => {
  await using test = start();
  const response = await fetch(`${test.url}/metrics`);
  assertEquals([response.status, await response.text()], [200, "openmetrics\n"]);
  assertEquals(response.headers.get("content-type"), "text/x-openmetrics");
  assertEquals(response.headers.get("cache-control"), "no-store");
  const head = await fetch(`${test.url}/metrics`, { method: "HEAD" });
  assertEquals([head.status, await head.text()], [200, ""]);
  assertEquals(head.headers.get("content-type"), "text/x-openmetrics");
  const post = await fetch(`${test.url}/metrics`, { method: "POST" });
  await post.body?.cancel();
  assertEquals([post.status, post.headers.get("allow")], [405, "GET, HEAD"]);
});

Deno.test("metricsRoute() chooses the format by what the client accepts", async (t) => {
  await using test = start();
  const table: [string, string, string][] = [
    ["anything", "*/*", "openmetrics"],
    ["OpenMetrics", "application/openmetrics-text; version=1.0.0; charset=utf-8", "openmetrics"],
    ["the older format", "text/plain; version=0.0.4", "text"],
    ["the older format in any version", "text/plain", "text"],
    ["text of any kind", "text/*", "text"],
    ["a mixture of letters", "Text/Plain;Q=0.5", "text"],
    [
      "Prometheus 3",
      "application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6," +
      "application/openmetrics-text;version=0.0.1;q=0.5," +
      "text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
      "openmetrics",
    ],
    ["a taste for text", "application/openmetrics-text;q=0.2,text/plain;q=0.8", "text"],
    ["anything but OpenMetrics", "*/*,application/openmetrics-text;q=0", "text"],
    ["a browser", "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "openmetrics"],
    ["neither", "image/png", "openmetrics"],
    ["nonsense", ";;,q=x,/", "openmetrics"],
  ];
  for (const [name, accept, expected] of table) {
    await t.step(name, async () => {
      const response = await fetch(`${test.url}/metrics`, { headers: { accept } });
      assertEquals(await response.text(), `${expected}\n`);
      assertEquals(response.headers.get("vary"), "accept");
    });
  }
});

Deno.test("metricsRoute() answers 500 if reading fails, and the server goes on", async () => {
  let broken = true;
  await using test = start({
    provider: {
      async scrape(format) {
        if (broken) throw new Error("/secret/path");
        return await provider.scrape(format);
      },
    },
  });
  const response = await fetch(`${test.url}/metrics`);
  assertEquals(response.status, 500);
  const text = await response.text();
  assertMatch(text, /reference [0-9a-f-]{36}/);
  assertEquals(text.includes("secret"), false);
  assertEquals(test.failures.map(String), ["Error: /secret/path"]);
  broken = false;
  const after = await fetch(`${test.url}/metrics`);
  assertEquals([after.status, await after.text()], [200, "openmetrics\n"]);
});

Deno.test("metricsRoute() is served to the end, for who watches", async () => {
  await using test = start();
  test.server.stopAccepting();
  const response = await fetch(`${test.url}/metrics`);
  assertEquals([response.status, await response.text()], [200, "openmetrics\n"]);
});

Deno.test("metricsRoute() needs a key where the server has keys", async () => {
  const keys = await ApiKeys.load({
    apiKeys: [`alice=${KEY}`],
    readTextFile: () => Promise.reject(new Error()),
  });
  await using test = start({ guard: new RequestGuard({ host: "127.0.0.1", keys }) });
  const refused = await fetch(`${test.url}/metrics`);
  assertEquals(refused.status, 401);
  assertStringIncludes(await refused.text(), "unauthorized");
  const headers = { authorization: `Bearer ${KEY}` };
  const admitted = await fetch(`${test.url}/metrics`, { headers });
  assertEquals([admitted.status, await admitted.text()], [200, "openmetrics\n"]);
});
