import { assertEquals, assertMatch } from "@std/assert";
import { CATALOG, kebabCase } from "../../src/config/catalog.ts";

Deno.test("CATALOG names every setting once and explains it", () => {
  const names = CATALOG.flatMap(({ flag, variables }) => [flag ?? [], ...variables].flat());
  assertEquals(new Set(names).size, names.length);
  for (const { key, description, expected } of CATALOG) {
    assertMatch(key, /^[a-z][A-Za-z]*$/);
    assertMatch(description, /^[A-Z].+[^.]$/);
    assertEquals(expected.length > 0, true);
  }
});

Deno.test("CATALOG gives secrets no flag", () => {
  assertEquals(
    CATALOG.filter(({ flag }) => flag === undefined).map(({ key }) => key),
    ["apiKeys"],
  );
});

Deno.test("kebabCase() keeps abbreviations together", () => {
  assertEquals(kebabCase("memoryLimitMB"), "memory-limit-mb");
  assertEquals(kebabCase("defaultTimeoutMs"), "default-timeout-ms");
  assertEquals(kebabCase("port"), "port");
});
