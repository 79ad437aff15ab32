import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { encodeHex, hashKey, parseKeyEntries, parseKeyFile } from "../../src/auth/key_entry.ts";

const KEY = "0123456789abcdef0123456789abcdef";

Deno.test("hashKey() is SHA-256", async () => {
  assertEquals(
    encodeHex(await hashKey("abc")),
    "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad",
  );
});

Deno.test("parseKeyEntries() reads names and keys", async (t) => {
  const table: [string, string | RegExp, string][] = [
    [`ci=${KEY}`, "ci", KEY],
    [KEY, /^key-[0-9a-f]{12}$/, KEY],
    ["QUJDREVGR0hJSktMTQ==", /^key-/, "QUJDREVGR0hJSktMTQ=="],
    ["abcdefghijklmnopqrs=", /^key-/, "abcdefghijklmnopqrs="],
    ["team.a_b-1=QUJDREVGR0hJSktMTQ==", "team.a_b-1", "QUJDREVGR0hJSktMTQ=="],
  ];
  for (const [entry, caller, key] of table) {
    await t.step(entry, async () => {
      const { keys, problems } = await parseKeyEntries([entry]);
      assertEquals(problems, []);
      assertMatch(
        keys[0]?.caller ?? "",
        typeof caller === "string" ? RegExp(`^${caller}$`) : caller,
      );
      assertEquals(keys[0]?.hash, await hashKey(key));
    });
  }
});

Deno.test("parseKeyEntries() names what is wrong and never the key", async (t) => {
  const table: [string, string][] = [
    ["sekretsekret", "shorter than 16"],
    ["ci=sekret", "shorter than 16"],
    ["", "shorter than 16"],
    ["x".repeat(513), "longer than 512"],
    ["sekret sekret sekret", "expected a key of letters"],
    ["sekretsekretsekreté", "expected a key of letters"],
    ["sekretsekretsekret\n", "expected a key of letters"],
    [`b@d sekret=${KEY}`, "expected a name"],
    [`=${KEY}`, "expected a name"],
    [`anonymous=${KEY}`, "stands for callers without a key"],
  ];
  for (const [entry, expected] of table) {
    await t.step(JSON.stringify(entry.slice(0, 40)), async () => {
      const { keys, problems } = await parseKeyEntries([`ok=${KEY}`, entry]);
      assertEquals(keys.length, 1);
      assertEquals(problems.length, 1);
      assertStringIncludes(problems[0] ?? "", "Cannot use entry 2 of the API keys");
      assertStringIncludes(problems[0] ?? "", expected);
      assertEquals(/sekret|0123456789/.test(problems[0] ?? ""), false);
    });
  }
});

Deno.test("parseKeyFile() reads hash lines and names the bad ones", async () => {
  const hex = encodeHex(await hashKey(KEY));
  const { keys, problems } = parseKeyFile(
    "keys.txt",
    [
      "\uFEFF# keys of the team",
      "",
      `ci sha256:${hex}`,
      `  deploy\tsha256:${hex.toUpperCase()}  # of the pipeline`,
      `sha256:${hex}\r`,
      "plainsekretplainsekret",
      `ci=${KEY}`,
      `two names sha256:${hex}`,
      `bad/name sha256:${hex}`,
      `short sha256:${hex.slice(2)}`,
      `md sha512:${hex}`,
      `anonymous sha256:${hex}`,
    ].join("\n"),
  );
  assertEquals(keys.map(({ caller }) => caller).slice(0, 2), ["ci", "deploy"]);
  assertMatch(keys[2]?.caller ?? "", /^key-[0-9a-f]{12}$/);
  assertEquals(keys.length, 3);
  for (const { hash } of keys) assertEquals(encodeHex(hash), hex);
  assertEquals(
    problems.map((problem) => /line (\d+) of API key file "keys.txt"/.exec(problem)?.[1]),
    ["6", "7", "8", "9", "10", "11", "12"],
  );
  assertEquals(problems.join().includes("sekret"), false);
  assertEquals(problems.join().includes(KEY), false);
  assertStringIncludes(parseKeyFile("k", "x".repeat(2 ** 20 + 1)).problems[0] ?? "", "longer than");
});
