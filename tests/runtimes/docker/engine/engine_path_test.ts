import { assertEquals, assertThrows } from "@std/assert";
import { enginePath } from "../../../../src/runtimes/docker/engine/engine_path.ts";

Deno.test("enginePath() encodes every value as one segment", () => {
  assertEquals(enginePath`/info`, "/info");
  assertEquals(enginePath`/containers/${"a?b#c d"}/start`, "/containers/a%3Fb%23c%20d/start");
  assertEquals(enginePath`/images/${"host:1/a/b:tag"}/json`, "/images/host%3A1%2Fa%2Fb%3Atag/json");
});

Deno.test("enginePath() refuses values that lead to another endpoint", () => {
  for (const value of ["", ".", "..", "../info", "a/../b", "a//b", "/a", "a/", "a/.", "./a"]) {
    assertThrows(() => enginePath`/containers/${value}/json`, RangeError, `"${value}"`);
  }
});
