import { assert, assertEquals } from "@std/assert";
import { engineEndpoint } from "../../src/metrics/engine_endpoint.ts";
import { enginePath } from "../../src/runtimes/docker/engine/engine_path.ts";

Deno.test("engineEndpoint() leaves out ids and names", async (t) => {
  const table: [string, string][] = [
    ["GET /_ping", "GET /_ping"],
    ["POST /containers/create?name=x", "POST /containers/create"],
    ["GET /containers/json", "GET /containers/json"],
    [enginePath`POST /containers/${"4f2a"}/start`, "POST /containers/{}/start"],
    [enginePath`PUT /containers/${"4f2a"}/archive`, "PUT /containers/{}/archive"],
    [enginePath`DELETE /containers/${"4f2a"}`, "DELETE /containers/{}"],
    [enginePath`GET /images/${"registry/secret:1"}/json`, "GET /images/{}/json"],
    ["GET /a/b/c/d/e/f", "GET /{}/{}/{}/{}"],
    ["GET /", "GET /"],
    ["container_start", "container_start"],
    ["4f2a", "unknown"],
    ["BREW /containers/json", "unknown"],
    ["", "unknown"],
  ];
  for (const [call, expected] of table) {
    await t.step(`of "${call}"`, () => assertEquals(engineEndpoint(call), expected));
  }
});

Deno.test("engineEndpoint() knows every fixed word of the engine's client", async () => {
  const folder = new URL("../../src/runtimes/docker/engine/", import.meta.url);
  const calls = new Set<string>();
  for await (const { name } of Deno.readDir(folder)) {
    const text = await Deno.readTextFile(new URL(name, folder));
    for (const [, path] of text.matchAll(/path: (?:enginePath`|")(\/[^`"]+)[`"]/g)) {
      calls.add(`GET ${path!.replaceAll(/\$\{\w+\}/g, "{}")}`);
    }
  }
  assert(calls.size > 10, "paths are found");
  assertEquals([...calls].map(engineEndpoint), [...calls]);
});
