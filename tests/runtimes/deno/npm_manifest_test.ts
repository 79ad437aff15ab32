import { assertEquals } from "@std/assert";
import { NpmManifest, parsePackage } from "../../../src/runtimes/deno/npm_manifest.ts";

Deno.test("parsePackage() tells the name from the version", () => {
  const cases: [string, string, string][] = [
    ["zod", "zod", "latest"],
    ["npm:zod@4", "zod", "4"],
    ["@a/b", "@a/b", "latest"],
    ["npm:@a/b@>=1 <2", "@a/b", ">=1 <2"],
  ];
  for (const [text, name, version] of cases) {
    assertEquals(parsePackage(text), { name, version });
  }
});

Deno.test("NpmManifest.with() extends, and the last version counts", () => {
  const first = new NpmManifest().with(["a@1", "@s/b"]).withLock("notes");
  const second = first.with(["npm:a@2", "c"]);
  assertEquals(first.names, ["a", "@s/b"]);
  assertEquals(JSON.parse(second.toJson()), {
    private: true,
    dependencies: { a: "2", "@s/b": "latest", c: "latest" },
  });
  assertEquals(second.lock, "notes");
});
