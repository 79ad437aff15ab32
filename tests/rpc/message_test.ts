import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { type Entry, type InvalidEntry, parseMessage } from "../../src/rpc/message.ts";

function only(text: string): Entry {
  const { batch, entries } = parseMessage(text, 100);
  assertEquals([batch, entries.length], [false, 1]);
  return entries[0]!;
}

function invalid(entry: Entry): InvalidEntry {
  assert("error" in entry, `expected an error, got ${JSON.stringify(entry)}`);
  return entry;
}

Deno.test("parseMessage() keeps the id's type and value", async (t) => {
  for (const id of [1, 0, -7, 1.5, "1", "", "null", null, Number.MAX_SAFE_INTEGER]) {
    await t.step(JSON.stringify(id), () => {
      const text = JSON.stringify({ jsonrpc: "2.0", id, method: "m" });
      assertEquals(only(text), { id, method: "m" });
    });
  }
});

Deno.test("parseMessage() keeps every digit of an id that no double holds", () => {
  for (const digits of ["12345678901234567890", "-9007199254740993", "1e400"]) {
    const entry = only(
      `{"jsonrpc":"2.0","method":"m","params":{"id":1,"x":[{"id":2}]},"id":${digits}}`,
    );
    assertEquals(JSON.stringify((entry as { id: unknown }).id), digits);
  }
  const { entries } = parseMessage(
    `[{"jsonrpc":"2.0","method":"m","id":1},{"jsonrpc":"2.0","method":"m","id":98765432109876543210}]`,
    100,
  );
  assertEquals(JSON.stringify(entries.map((entry) => entry.id)), "[1,98765432109876543210]");
});

Deno.test("parseMessage() refuses an id that no double holds in a message too large to read twice", () => {
  const filler = "x".repeat(1024 * 1024);
  const { id, error } = invalid(
    only(
      `{"jsonrpc":"2.0","method":"m","id":12345678901234567890,"params":{"filler":"${filler}"}}`,
    ),
  );
  assertEquals([id, error.code], [null, -32600]);
});

Deno.test("parseMessage() takes a message without an id as a notification", () => {
  assertEquals(only(`{"jsonrpc":"2.0","method":"m","params":{"a":1}}`), {
    method: "m",
    params: { a: 1 },
  });
});

Deno.test("parseMessage() makes what is no request an Invalid Request", async (t) => {
  const cases: [string, unknown, string][] = [
    [`1`, null, "received a number"],
    [`"text"`, null, "received a string"],
    [`null`, null, "received null"],
    [`{}`, null, "jsonrpc"],
    [`{"method":"m","id":1}`, 1, "jsonrpc"],
    [`{"jsonrpc":2.0,"method":"m","id":1}`, 1, "jsonrpc"],
    [`{"jsonrpc":"1.0","method":"m","id":"a"}`, "a", "jsonrpc"],
    [`{"jsonrpc":"2.0","id":1}`, 1, "Expected method to be a string, received nothing"],
    [`{"jsonrpc":"2.0","method":5,"id":1}`, 1, "received a number"],
    [`{"jsonrpc":"2.0","method":"m","id":{}}`, null, "Expected id to be"],
    [`{"jsonrpc":"2.0","method":"m","id":[1]}`, null, "received an array"],
    [`{"jsonrpc":"2.0","method":"m","id":true}`, null, "received a boolean"],
    [`{"jsonrpc":"2.0","method":"m","id":1,"params":null}`, 1, 'params of "m"'],
    [`{"jsonrpc":"2.0","method":"m","id":1,"params":"x"}`, 1, "received a string"],
    [`{"jsonrpc":"2.0","result":1,"id":1}`, 1, "method"],
  ];
  for (const [text, expectedId, part] of cases) {
    await t.step(text, () => {
      const { id, error } = invalid(only(text));
      assertEquals([id, error.code, error.data.reason], [expectedId, -32600, "invalid_request"]);
      assertStringIncludes(error.message, "Invalid Request: ");
      assertStringIncludes(error.message, part);
    });
  }
});

Deno.test("parseMessage() makes what is no JSON a Parse error with a bounded message", () => {
  for (const text of ["", "{", "{'a':1}", `{"a":1}x`, "\u0000", "x".repeat(1_000_000)]) {
    const { id, error } = invalid(only(text));
    assertEquals([id, error.code, error.data.reason], [null, -32700, "parse_error"]);
    assert(error.message.startsWith("Parse error"));
    assert(error.message.length < 300);
  }
});

Deno.test("parseMessage() survives any depth", () => {
  const deep = "[".repeat(200_000) + "]".repeat(200_000);
  const { entries } = parseMessage(
    `{"jsonrpc":"2.0","id":12345678901234567890,"method":"m","params":{"deep":${deep}}}`,
    100,
  );
  assert("error" in entries[0]!);
});

Deno.test("parseMessage() takes a batch apart", () => {
  const { batch, entries } = parseMessage(
    `[{"jsonrpc":"2.0","id":1,"method":"a"}, 5, [], {"jsonrpc":"2.0","method":"b"}, {"id":"x"}]`,
    5,
  );
  assertEquals(batch, true);
  assertEquals(
    entries.map((entry) => "error" in entry ? ["error", entry.id] : [entry.method, entry.id]),
    [["a", 1], ["error", null], ["error", null], ["b", undefined], ["error", "x"]],
  );
});

Deno.test("parseMessage() answers an empty and a too large batch with one Invalid Request", () => {
  assertStringIncludes(invalid(only("[]")).error.message, "Batch is empty");
  const { id, error } = invalid(only(`[${Array(101).fill("1").join(",")}]`));
  assertEquals([id, error.code], [null, -32600]);
  assertStringIncludes(error.message, "Batch has 101 entries, expected at most 100");
});
