import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { ApiKeyError, ApiKeys } from "../../src/auth/api_keys.ts";
import { encodeHex, hashKey } from "../../src/auth/key_entry.ts";

const ALICE = "alice-0123456789-0123456789";
const BOB = "bob-0123456789-0123456789";

function unread(): Promise<string> {
  return Promise.reject(new Error("unimplemented"));
}

async function line(name: string, key: string): Promise<string> {
  return `${name} sha256:${encodeHex(await hashKey(key))}`;
}

Deno.test("ApiKeys.authenticate() finds the caller of a key", async (t) => {
  const text = [await line("bob", BOB), await line("alice", `${ALICE}-next`)].join("\n");
  const keys = await ApiKeys.load({
    apiKeys: [`alice=${ALICE}`],
    apiKeysFile: "keys.txt",
    readTextFile: () => Promise.resolve(text),
  });
  assertEquals(keys.required, true);
  const table: [string, string | undefined][] = [
    [ALICE, "alice"],
    [`${ALICE}-next`, "alice"],
    [BOB, "bob"],
    ["", undefined],
    [ALICE.slice(1), undefined],
    [`${ALICE} `, undefined],
    [ALICE.toUpperCase(), undefined],
    [`alice=${ALICE}`, undefined],
    [(await line("bob", BOB)).split(" ")[1] ?? "", undefined],
    ["x".repeat(10_000_000), undefined],
    ["\0\ud800", undefined],
  ];
  for (const [presented, caller] of table) {
    await t.step(JSON.stringify(presented.slice(0, 40)), async () => {
      assertEquals(await keys.authenticate(presented), caller);
    });
  }
});

Deno.test("ApiKeys.load() needs no key at all", async () => {
  const keys = await ApiKeys.load({ apiKeys: [], readTextFile: unread });
  assertEquals(keys.required, false);
  assertEquals(await keys.authenticate(ALICE), undefined);
});

Deno.test("ApiKeys.load() reports every problem at once", async () => {
  const error = await assertRejects(
    () =>
      ApiKeys.load({
        apiKeys: ["short", `a=${ALICE}`, `b=${ALICE}`, `a=${ALICE}`],
        apiKeysFile: "missing.txt",
        readTextFile: () => Promise.reject(new Deno.errors.NotFound("nope")),
      }),
    ApiKeyError,
  );
  assertEquals(error.problems.length, 3);
  assertStringIncludes(error.problems[0] ?? "", "entry 1");
  assertStringIncludes(error.problems[1] ?? "", 'Cannot read API key file "missing.txt": NotFound');
  assertStringIncludes(error.problems[2] ?? "", 'the API key of "b": it is the key of "a" as well');
  assertEquals(error.message.includes(ALICE), false);
});

Deno.test("ApiKeys.load() refuses a key file without a key", async () => {
  await assertRejects(
    () =>
      ApiKeys.load({
        apiKeys: [],
        apiKeysFile: "empty.txt",
        readTextFile: () => Promise.resolve("# nothing yet\n"),
      }),
    ApiKeyError,
    "there is no key in it",
  );
});

Deno.test("ApiKeys.reload() takes the new file or keeps the old keys", async (t) => {
  let text = await line("alice", ALICE);
  const keys = await ApiKeys.load({
    apiKeys: [],
    apiKeysFile: "keys.txt",
    readTextFile: () => Promise.resolve(text),
  });

  await t.step("if the file is good", async () => {
    text = await line("bob", BOB);
    await keys.reload();
    assertEquals(await keys.authenticate(ALICE), undefined);
    assertEquals(await keys.authenticate(BOB), "bob");
  });

  await t.step("if the file is bad", async () => {
    for (const bad of ["", "nonsense"]) {
      text = bad;
      await assertRejects(() => keys.reload(), ApiKeyError);
      assertEquals(keys.required, true);
      assertEquals(await keys.authenticate(BOB), "bob");
    }
  });
});
