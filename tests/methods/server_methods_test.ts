import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { METHODS } from "../../src/protocol/methods.ts";
import { NOTIFICATIONS } from "../../src/protocol/notifications.ts";
import { openRpcDocument } from "../../src/methods/open_rpc.ts";
import { TestMethods } from "./test_methods.ts";

interface Descriptor {
  name: string;
  required: boolean;
  schema: Record<string, unknown>;
}

interface DescribedMethod {
  name: string;
  summary: string;
  params: Descriptor[];
  result: Pick<Descriptor, "name" | "schema">;
  errors: { code: number; message: string }[];
}

function describedMethods(): Map<string, DescribedMethod> {
  const methods = openRpcDocument("1.2.3").methods as DescribedMethod[];
  return new Map(methods.map((method) => [method.name, method]));
}

Deno.test("createMethodTable() serves every method of the contract", async () => {
  await using test = new TestMethods();
  assertEquals(Object.keys(test.table), Object.keys(METHODS));
});

Deno.test("initialize() says who the server is and what it can do", async () => {
  await using test = new TestMethods();
  const { capabilities, ...rest } = await test.peer.call("initialize", { anything: 1 });
  assertEquals(rest, { name: "codebeaker", version: "1.2.3", protocolVersion: "1.0" });
  assertEquals(capabilities.runtimes, ["deno"]);
  assertEquals(capabilities.methods, Object.keys(METHODS));
  assertEquals(capabilities.notifications, Object.keys(NOTIFICATIONS));
  assertEquals(capabilities.limits, { maxCodeBytes: 100 });
});

Deno.test("language.list() names what can be served now", async () => {
  await using test = new TestMethods();
  const { languages } = await test.peer.call("language.list", {});
  const served = Object.fromEntries(languages.map(({ name, runtimes }) => [name, runtimes]));
  assertEquals(served, {
    python: [],
    javascript: ["deno"],
    typescript: ["deno"],
    deno: ["deno"],
    go: [],
    csharp: [],
    bash: [],
    ruby: [],
    rust: [],
    java: [],
    php: [],
    c: [],
    cpp: [],
  });
  assertEquals(languages.find(({ name }) => name === "python")?.aliases, ["py", "python3"]);
});

Deno.test("runtime.list() says why a runtime is not available", async () => {
  await using test = new TestMethods();
  const { runtimes } = await test.peer.call("runtime.list", {});
  const byName = new Map(runtimes.map((runtime) => [runtime.name, runtime]));
  assertEquals([byName.get("deno")?.available, byName.get("docker")?.available], [true, false]);
  assertStringIncludes(byName.get("docker")?.reason ?? "", "not available");
});

Deno.test("rpc.discover() returns the same document again", async () => {
  await using test = new TestMethods();
  const document = await test.peer.call("rpc.discover", {});
  assertEquals(document, await test.peer.call("rpc.discover", {}));
  assertEquals(document.openrpc, "1.3.2");
  assertEquals(JSON.parse(JSON.stringify(document)), document);
});

Deno.test("openRpcDocument() describes every method with params, result and errors", () => {
  const methods = describedMethods();
  assertEquals([...methods.keys()], Object.keys(METHODS));
  for (const { name, summary, params, result, errors } of methods.values()) {
    assert(summary !== "" && typeof result.schema === "object", name);
    assert(params.every(({ schema }) => typeof schema === "object"), name);
    assert(errors.some(({ code }) => code === -32602), name);
  }
});

Deno.test("openRpcDocument() describes params as clients write them", () => {
  const execute = describedMethods().get("session.execute")!;
  const required = execute.params.filter((param) => param.required).map(({ name }) => name);
  assertEquals(required, ["sessionId", "command"]);
  const { schema } = execute.params.find(({ name }) => name === "command")!;
  const commands = (schema.oneOf ?? schema.anyOf) as { required: string[] }[];
  assertEquals(commands[0]?.required, ["type", "path", "content"]);
  const create = describedMethods().get("session.create")!;
  assertEquals(
    create.params[0],
    {
      name: "language",
      required: true,
      description: "Language name or alias",
      schema: create.params[0]!.schema,
    } as Descriptor & { description: string },
  );
  assertEquals(create.params[0]?.schema.type, "string");
});
