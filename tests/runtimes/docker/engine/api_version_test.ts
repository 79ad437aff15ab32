import { assertEquals, assertThrows } from "@std/assert";
import {
  MAX_API_VERSION,
  negotiateApiVersion,
} from "../../../../src/runtimes/docker/engine/api_version.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";

Deno.test("negotiateApiVersion() takes the lower of the two versions", () => {
  assertEquals(negotiateApiVersion("1.41"), "1.41");
  assertEquals(negotiateApiVersion("1.47"), "1.47");
  assertEquals(negotiateApiVersion(MAX_API_VERSION), MAX_API_VERSION);
  assertEquals(negotiateApiVersion("1.99"), MAX_API_VERSION);
  assertEquals(negotiateApiVersion("1.100"), MAX_API_VERSION);
});

Deno.test("negotiateApiVersion() refuses engines that are too old or are none", () => {
  for (const [theirs, problem] of [["1.40", "1.41 or newer"], ["1.9", "1.41 or newer"]] as const) {
    assertThrows(() => negotiateApiVersion(theirs), EngineError, problem);
  }
  for (const theirs of [null, "", "2.0", "1.", "x"]) {
    const error = assertThrows(() => negotiateApiVersion(theirs), EngineError, "a Docker engine?");
    assertEquals(error.kind, "protocol");
  }
});
