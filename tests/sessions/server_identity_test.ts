import { assertEquals, assertMatch, assertNotEquals, assertRejects } from "@std/assert";
import { RegistryError } from "../../src/sessions/registry_error.ts";
import { ServerIdentity } from "../../src/sessions/server_identity.ts";
import { TempDir } from "./temp_dir.ts";

Deno.test("ServerIdentity.take() gives a directory the same id every time", async () => {
  await using directory = await TempDir.make();
  const ids: string[] = [];
  for (let i = 0; i < 2; i++) {
    using identity = await ServerIdentity.take(directory.path);
    ids.push(identity.id);
  }
  assertEquals(ids[0], ids[1]);
  assertMatch(ids[0]!, /^[0-9a-z]{32}$/);
  assertEquals((await Deno.stat(`${directory.path}/server-id`)).mode! & 0o777, 0o600);
});

Deno.test("ServerIdentity.take() refuses a directory that another server has", async () => {
  await using directory = await TempDir.make();
  using _first = await ServerIdentity.take(directory.path);
  const error = await assertRejects(() => ServerIdentity.take(directory.path), RegistryError);
  assertMatch(error.message, /another server that is running uses it.*--data-dir/);
});

Deno.test("ServerIdentity.take() makes another id where the file holds none", async () => {
  await using directory = await TempDir.make();
  const path = `${directory.path}/server-id`;
  for (const content of ["", "torn", `${"x".repeat(40)}\n`, "x".repeat(10_000)]) {
    await Deno.writeTextFile(path, content);
    using identity = await ServerIdentity.take(directory.path);
    assertNotEquals(identity.id, content);
    assertEquals(await Deno.readTextFile(path), `${identity.id}\n`);
  }
});
