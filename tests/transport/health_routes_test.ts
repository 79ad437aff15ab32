import { assertEquals } from "@std/assert";
import { startTestServer } from "./test_server.ts";

Deno.test("healthRoutes() answers GET and HEAD", async () => {
  await using test = startTestServer();
  const paths = [["/health", "healthy"], ["/health/live", "live"], ["/health/ready", "ready"]];
  for (const [path, status] of paths) {
    const response = await fetch(test.url + path);
    assertEquals([response.status, await response.json()], [200, { status }]);
    const head = await fetch(test.url + path, { method: "HEAD" });
    assertEquals([head.status, await head.text()], [200, ""]);
    assertEquals(head.headers.get("content-type"), response.headers.get("content-type"));
  }
});

Deno.test("healthRoutes() answers 503 until the server is ready", async () => {
  let ready = false;
  await using test = startTestServer({
    health: {
      live: () => ({}),
      health: () => Promise.resolve({}),
      ready: () => Promise.resolve({ ready, body: { missing: ready ? [] : ["docker"] } }),
    },
  });
  const before = await fetch(`${test.url}/health/ready`);
  assertEquals([before.status, await before.json()], [503, { missing: ["docker"] }]);
  ready = true;
  const after = await fetch(`${test.url}/health/ready`);
  assertEquals([after.status, await after.json()], [200, { missing: [] }]);
});
