import { assert, assertEquals } from "@std/assert";
import { registryRefusal } from "../../../src/runtimes/deno/npm_registry.ts";
import type { Grants } from "../../../src/runtimes/deno/permissions.ts";

const NONE: Grants = { read: [], write: [], net: [], denyNet: [], env: [], run: [] };

Deno.test("registryRefusal() takes the network or the host of the registry", () => {
  const cases: [url: string, net: Grants["net"], isRefused: boolean][] = [
    ["https://registry.example.org/", true, false],
    ["https://registry.example.org/", ["registry.example.org"], false],
    ["https://registry.example.org/", ["registry.example.org:443"], false],
    ["https://registry.example.org/", ["*.example.org"], false],
    ["https://registry.example.org/", [], true],
    ["https://registry.example.org/", ["example.org", "example.com"], true],
    ["https://registry.example.org/", ["registry.example.org:80"], true],
    ["http://packages.example:4873/npm/", ["packages.example:4873"], false],
    ["http://packages.example/npm/", ["packages.example:80"], false],
    ["http://[::1]:4873/", ["[::1]"], false],
  ];
  for (const [url, net, isRefused] of cases) {
    const refusal = registryRefusal({ ...NONE, net }, { url });
    assertEquals(refusal !== undefined, isRefused, `${url} ${net}`);
  }
  assertEquals(registryRefusal({ ...NONE, net: true }, {}), undefined);
  assert(registryRefusal({ ...NONE, net: ["example.org"] }, {})?.includes('with "allowNet": true'));
  const told = registryRefusal(NONE, { url: "http://packages.example:4873/" });
  assert(told?.includes('"allowNet": ["packages.example:4873"]'));
});
