import { assert, assertEquals, assertThrows } from "@std/assert";
import { z } from "zod";
import { InvalidParamsError, type Issue } from "../../src/errors.ts";
import { METHODS } from "../../src/protocol/methods.ts";
import { parseParams } from "../../src/rpc/invalid_params.ts";

function issuesOf(schema: z.ZodType, params: unknown): Issue[] {
  return [...assertThrows(() => parseParams(schema, params), InvalidParamsError).issues];
}

function command(fields: unknown): Issue[] {
  const params = { sessionId: "s", command: fields };
  return issuesOf(METHODS["session.execute"].params, params);
}

Deno.test("parseParams() fills in defaults", () => {
  const schema = z.strictObject({ n: z.int().default(5) });
  assertEquals(parseParams(schema, {}), { n: 5 });
});

Deno.test("parseParams() names unknown keys and the nearest known one", () => {
  assertEquals(issuesOf(METHODS["session.create"].params, { language: "deno", langauge: "deno" }), [
    { path: ["langauge"], message: `Unknown key "langauge", did you mean "language"?` },
  ]);
  assertEquals(command({ type: "read_file", path: "a", pth: "b", encodng: "utf8" }), [
    { path: ["command", "pth"], message: `Unknown key "pth", did you mean "path"?` },
    { path: ["command", "encodng"], message: `Unknown key "encodng", did you mean "encoding"?` },
  ]);
  assertEquals(issuesOf(METHODS["session.get"].params, { sessionId: "s", zzz: 1 }), [
    { path: ["zzz"], message: `Unknown key "zzz", expected "sessionId"` },
  ]);
});

Deno.test("parseParams() reports the chosen branch of a discriminated union", () => {
  assertEquals(command({ type: "write_file", path: "", mode: "create" }), [
    { path: ["command", "path"], message: "Path is empty" },
    { path: ["command", "content"], message: "Missing, expected a string" },
    { path: ["command", "mode"], message: `Unknown value "create", did you mean "Create"?` },
  ]);
});

Deno.test("parseParams() suggests a discriminator, or lists them", () => {
  assertEquals(command({ type: "writ_file" }), [
    { path: ["command", "type"], message: `Unknown value "writ_file", did you mean "write_file"?` },
  ]);
  for (const [fields, start] of [[{}, "Missing, "], [{ type: "zzzzzzzz" }, "Unknown value "]]) {
    const [issue, ...more] = command(fields);
    assertEquals([issue?.path, more], [["command", "type"], []]);
    assert(issue!.message.startsWith(start as string), issue!.message);
    assert(issue!.message.includes(`"write_file", "read_file"`), issue!.message);
  }
});

Deno.test("parseParams() reports the branch of a union that fits best", () => {
  const schema = METHODS["session.create"].params;
  const permissions = { allowNet: 5, allowRead: [5], allowEnv: ["A", ""] };
  assertEquals(issuesOf(schema, { language: "deno", permissions }), [
    { path: ["permissions", "allowRead", 0], message: "Expected a string, received 5" },
    {
      path: ["permissions", "allowNet"],
      message: "Expected true or false or an array, received 5",
    },
    {
      path: ["permissions", "allowEnv", 1],
      message: "Expected at least 1 characters, received 0",
    },
  ]);
});

Deno.test("parseParams() says what was expected and what was received", async (t) => {
  const cases: [z.ZodType, unknown, string][] = [
    [z.string(), 5, "Expected a string, received 5"],
    [z.string(), null, "Expected a string, received null"],
    [z.string(), undefined, "Missing, expected a string"],
    [z.number(), "secret", "Expected a number, received a string"],
    [z.number(), [1], "Expected a number, received an array"],
    [z.int(), 1.5, "Expected a whole number, received 1.5"],
    [z.boolean(), {}, "Expected true or false, received an object"],
    [z.number().max(10), 11, "Expected at most 10, received 11"],
    [z.number().positive(), 0, "Expected more than 0, received 0"],
    [z.string().max(2), "abc", "Expected at most 2 characters, received 3"],
    [z.array(z.string()).min(1), [], "Expected at least 1 entries, received 0"],
    [z.literal("a"), 5, `Expected "a", received 5`],
    [z.enum(["a", "b"]), undefined, `Missing, expected one of "a", "b"`],
    [z.enum(["aaaa", "bbbb"]), "zzzz", `Unknown value "zzzz", expected one of "aaaa", "bbbb"`],
    [z.record(z.string().regex(/^a/, "Expected an a"), z.string()), { b: "" }, "Expected an a"],
    [z.string().refine(() => false), "secret", "Value is not allowed"],
    [z.string().regex(/x/), "secret", "Expected another form of text"],
    [z.iso.datetime(), "secret", "Expected datetime"],
    [z.number().multipleOf(5), 3, "Expected a multiple of 5, received 3"],
  ];
  for (const [schema, value, expected] of cases) {
    await t.step(expected, () => {
      const [issue] = issuesOf(z.strictObject({ value: schema }), { value });
      assertEquals(issue?.message, expected);
      assertEquals(issue?.path[0], "value");
    });
  }
});

Deno.test("parseParams() says that params go by name", () => {
  assertEquals(issuesOf(METHODS["session.get"].params, ["s"]), [{
    path: [],
    message: "Expected params by name (an object), received them by position (an array)",
  }]);
});

Deno.test("parseParams() bounds what it tells back", () => {
  const long = "k".repeat(1_000_000);
  const many = Object.fromEntries(Array.from({ length: 10_000 }, (_, index) => [`k${index}`, 1]));
  const [first] = issuesOf(METHODS["session.list"].params, { [long]: 1 });
  assertEquals(first!.path, [`${"k".repeat(50)}…`]);
  assert(first!.message.length < 100);
  const [wrong] = command({ type: long });
  assert(wrong!.message.length < 500);
  const issues = issuesOf(METHODS["session.list"].params, many);
  assertEquals(issues.length, 51);
  assertEquals(issues.at(-1), { path: [], message: "And 9950 more issues" });
});

Deno.test("parseParams() takes keys of the prototype as unknown", () => {
  const params = JSON.parse(`{"sessionId":"s","constructor":1,"toString":2}`);
  assertEquals(
    issuesOf(METHODS["session.get"].params, params).map(({ path }) => path[0]),
    ["constructor", "toString"],
  );
});
