import { assertEquals } from "@std/assert";
import { isDropped, redactProperties, redactValue } from "../../src/logging/redact.ts";

Deno.test("isDropped() knows what must not be logged", () => {
  const dropped =
    "code content env token apiKey api_key API-KEYS authorization Authorization stdin stdout stderr data " +
    "files body params result accessToken sessionToken password cookie set-cookie client_secret";
  for (const name of dropped.split(" ")) assertEquals([name, isDropped(name)], [name, true]);
  const kept =
    "sessionId requestId exitCode errorCode durationMs bytes path method language caller " +
    "stdoutBytes maxOutputBytes language runtime";
  for (const name of kept.split(" ")) assertEquals([name, isDropped(name)], [name, false]);
});

Deno.test("redactProperties() drops at every depth and tells the names", () => {
  assertEquals(
    redactProperties({
      sessionId: "s",
      code: "secret",
      command: { type: "write_file", content: "secret", deep: [{ env: { A: "secret" } }] },
    }),
    {
      sessionId: "s",
      command: { type: "write_file", deep: [{ redacted: ["env"] }], redacted: ["content"] },
      redacted: ["code"],
    },
  );
});

Deno.test("redactProperties() cuts queries and users off addresses", () => {
  assertEquals(
    redactProperties({
      url: "http://user:secret@host/a?token=secret#secret",
      requestUrl: "/a?token=secret",
      target: new URL("http://host/a?token=secret"),
    }),
    { url: "http://host/a", requestUrl: "/a", target: "http://host/a" },
  );
});

Deno.test("redactValue() makes plain JSON of anything", async (t) => {
  const table: [string, unknown, unknown][] = [
    ["text", "a", "a"],
    ["a number", 1.5, 1.5],
    ["no number", NaN, "NaN"],
    ["a big number", 10n, "10"],
    ["nothing", null, null],
    ["undefined", undefined, "[undefined]"],
    ["a function", () => {}, "[function]"],
    ["bytes", new Uint8Array(3), "[3 bytes]"],
    ["a date", new Date(0), "1970-01-01T00:00:00.000Z"],
    ["a bad date", new Date(NaN), "[date]"],
    ["a map", new Map([["secret", 1]]), "[Map]"],
    ["headers", new Headers({ authorization: "secret" }), "[Headers]"],
    ["a request", new Request("http://host/?token=secret"), "[Request]"],
    [
      "something that throws",
      new Proxy({}, {
        getPrototypeOf() {
          throw new Error("no");
        },
      }),
      "[unreadable]",
    ],
    [
      "a getter that throws",
      {
        get a() {
          throw new Error("no");
        },
      },
      { a: "[unreadable]" },
    ],
  ];
  for (const [name, value, expected] of table) {
    await t.step(name, () => assertEquals(redactValue(value), expected as never));
  }
});

Deno.test("redactValue() bounds text, lists, objects and depth", () => {
  const long = redactValue("x".repeat(100_000));
  assertEquals(String(long).length < 4200, true);
  assertEquals(redactValue(Array(1000).fill(0)), Array(50).fill(0));
  const wide = Object.fromEntries(Array.from({ length: 1000 }, (_, i) => [`k${i}`, i]));
  assertEquals(Object.keys(redactValue(wide) as object).length, 50);
  const loop: Record<string, unknown> = {};
  loop.loop = loop;
  assertEquals(JSON.stringify(redactValue(loop)), '{"loop":{"loop":{"loop":{"loop":"[…]"}}}}');
});

Deno.test("redactValue() keeps an error's name, message, code and causes", () => {
  const cause = new TypeError("inner");
  const error = Object.assign(new Error("outer", { cause }), { code: "not_found", data: "secret" });
  const { stack, ...copy } = redactValue(error) as Record<string, unknown>;
  assertEquals(typeof stack, "string");
  assertEquals(copy.name, "Error");
  assertEquals(copy.message, "outer");
  assertEquals(copy.errorCode, "not_found");
  assertEquals((copy.cause as Record<string, unknown>).message, "inner");
  assertEquals("data" in copy, false);
});
