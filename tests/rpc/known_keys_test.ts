import { assertEquals } from "@std/assert";
import { z } from "zod";
import { knownKeysAt } from "../../src/rpc/known_keys.ts";

const schema = z.strictObject({
  inner: z.strictObject({ a: z.string(), b: z.string() }).optional(),
  defaulted: z.strictObject({ c: z.string() }).nullable().prefault({ c: "" }),
  shape: z.discriminatedUnion("type", [
    z.strictObject({ type: z.literal("circle"), radius: z.number() }),
    z.strictObject({ type: z.enum(["square", "box"]), side: z.number() }),
  ]),
  list: z.array(z.strictObject({ d: z.string() })),
  map: z.record(z.string(), z.strictObject({ e: z.string() })),
  either: z.union([z.boolean(), z.strictObject({ f: z.string() })]),
  piped: z.strictObject({ g: z.string() }).transform((value) => value.g),
  pair: z.tuple([z.string(), z.strictObject({ h: z.string() })]),
  lazy: z.lazy(() => z.strictObject({ i: z.string() })),
  both: z.intersection(z.object({ j: z.string() }), z.object({ k: z.string() })),
});

Deno.test("knownKeysAt() walks the schema along the path", async (t) => {
  const cases: [string, unknown, (string | number)[], string[]][] = [
    ["root", {}, [], Object.keys(schema.shape)],
    ["optional", { inner: {} }, ["inner"], ["a", "b"]],
    ["default and nullable", { defaulted: {} }, ["defaulted"], ["c"]],
    ["chosen branch", { shape: { type: "circle" } }, ["shape"], ["type", "radius"]],
    ["branch of an enum", { shape: { type: "box" } }, ["shape"], ["type", "side"]],
    ["no branch", { shape: { type: "line" } }, ["shape"], []],
    ["array", { list: [{}] }, ["list", 0], ["d"]],
    ["record", { map: { x: {} } }, ["map", "x"], ["e"]],
    ["union", { either: {} }, ["either"], ["f"]],
    ["pipe", { piped: {} }, ["piped"], ["g"]],
    ["tuple", { pair: ["", {}] }, ["pair", 1], ["h"]],
    ["lazy", { lazy: {} }, ["lazy"], ["i"]],
    ["intersection", { both: {} }, ["both"], ["j", "k"]],
    ["unknown", {}, ["nowhere", "at", "all"], []],
    ["prototype", {}, ["__proto__"], []],
    ["input of another shape", 5, ["inner"], ["a", "b"]],
  ];
  for (const [name, input, path, expected] of cases) {
    await t.step(name, () => assertEquals(knownKeysAt(schema, input, path), expected));
  }
});
