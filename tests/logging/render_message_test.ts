import { assertEquals } from "@std/assert";
import { redactProperties } from "../../src/logging/redact.ts";
import { renderMessage } from "../../src/logging/render_message.ts";

function render(template: string, properties: Record<string, unknown>): string {
  const record = { rawMessage: template, message: ["unused"] };
  return renderMessage(record, redactProperties(properties));
}

Deno.test("renderMessage() fills in redacted values only", async (t) => {
  const properties = {
    id: "s1",
    ms: 5,
    code: "secret",
    command: { type: "x", content: "secret" },
    error: new Error("bad"),
  };
  const table: [string, string][] = [
    ["Plain", "Plain"],
    ["Session {id} took {ms} ms", "Session s1 took 5 ms"],
    ["{ id }", "s1"],
    ["Ran {code}", "Ran [redacted]"],
    ["Ran {command.content}", "Ran [redacted]"],
    ["Ran {command.type}", "Ran x"],
    ["Ran {command}", 'Ran {"type":"x","redacted":["content"]}'],
    ["Failed: {error}", "Failed: Error: bad"],
    ["{{id}} {missing} {", "{id} {missing} {"],
  ];
  for (const [template, expected] of table) {
    await t.step(template, () => assertEquals(render(template, properties), expected));
  }
  await t.step("{*}", () => assertEquals(render("{*}", properties).includes("secret"), false));
});

Deno.test("renderMessage() redacts inside the values of a template literal", () => {
  const record = {
    rawMessage: Object.assign(["a ", " b"], { raw: ["a ", " b"] }),
    message: ["a ", { code: "secret", n: 1 }, " b"],
  };
  assertEquals(renderMessage(record, {}), 'a {"n":1,"redacted":["code"]} b');
});
