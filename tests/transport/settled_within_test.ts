import { assertEquals } from "@std/assert";
import { settledWithin } from "../../src/transport/settled_within.ts";

Deno.test("settledWithin() tells whether the promise settled", async () => {
  assertEquals(await settledWithin(Promise.resolve(), 60_000), true);
  assertEquals(await settledWithin(Promise.reject(new Error("x")), 60_000), true);
  assertEquals(await settledWithin(new Promise(() => {}), 0), false);
  assertEquals(await settledWithin(new Promise(() => {}), -5), false);
});
