import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import { requirement } from "../testutil/requirement.ts";
import { done, failed, FILE_TOOL_SCENARIOS } from "../testutil/file_tools.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";

const bubblewrap = await requirement("bubblewrap");
const server = sharedServer();

for (const { name, test } of FILE_TOOL_SCENARIOS) {
  Deno.test(`${name} in a Deno session`, () =>
    server.withSession((session) =>
      test({
        session,
        print: (word) => `console.log(${JSON.stringify(word)})`,
        fail: "Deno.exit(3)",
        sleep: "await new Promise((resolve) => setTimeout(resolve, 60_000))",
      })
    ));
}

Deno.test("set_permissions sets what code sees, of files and directories", () =>
  server.withSession(async (session) => {
    await session.write("d/f", "x");
    const modes = "for (const p of ['d', 'd/f']) " +
      "console.log((Deno.statSync(p).mode & 0o7777).toString(8))";
    for (const [path, mode] of [["d", "700"], ["d/f", "444"]] as const) {
      await done(session, { type: "set_permissions", path, mode });
    }
    assertEquals(await session.output(modes), "700\n444");
    await done(session, { type: "set_permissions", path: "d/f", mode: "0000" });
    await done(session, { type: "set_permissions", path: "d/f", mode: "644" });
    assertEquals(await session.read("d/f"), "x");
  }));

Deno.test("batch streams under its own id and is cancelled by it", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const code = (text: string) => ({ type: "execute_code" as const, code: text });
  const batch = session.execute({
    type: "batch",
    commands: [code("console.log('one')"), code("console.log('two'); setInterval(() => {}, 1000)")],
  }, { stream: true, executionId: "mine" });
  await client.next(({ method, params }) =>
    method === "session.output" && String(params?.data).includes("two")
  );
  const chunks = client.notifications("session.output");
  assert(chunks.every(({ executionId }) => executionId === "mine"));
  assertEquals(chunks.map(({ data }) => data).join(""), "one\ntwo\n");
  const { cancelled } = await client.request("session.cancel", {
    sessionId: session.id,
    executionId: "mine",
  });
  const { status, result } = await batch;
  assertEquals([cancelled, status], [["mine"], "cancelled"]);
  const { results } = result as CommandResults["batch"];
  assertEquals(results.map((answer) => answer.status), ["ok", "cancelled"]);
});

Deno.test("batch is refused before anything runs, with the path of what is wrong", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const write = { type: "write_file", path: "f", content: "" };
  const issues = async (...commands: unknown[]) => {
    const params = { sessionId: session.id, command: { type: "batch", commands } };
    const { code, data } = await client.requestError("session.execute", params);
    assertEquals(code, -32602);
    return (data.issues as { path: unknown[]; message: string }[])
      .map(({ path, message }) => [path.join("."), message]);
  };
  assertEquals(await issues(write, { ...write, path: 5 }), [
    ["command.commands.1.path", "Expected a string, received 5"],
  ]);
  assertEquals(
    (await issues(write, { ...write, content: "?", encoding: "base64" }))[0]?.[0],
    [
      "command.commands.1.content",
    ][0],
  );
  assertEquals(
    (await issues(write, { type: "batch", commands: [] }))[0]?.[0],
    [
      "command.commands.1.type",
    ][0],
  );
  assertEquals((await issues(write, { ...write, mod: "x" }))[0], [
    "command.commands.1.mod",
    'Unknown key "mod", did you mean "mode"?',
  ]);
  assertEquals((await issues()).length, 1);
  assertEquals((await done(session, { type: "list_directory" })).entries, []);
});

Deno.test("search_files refuses an expression that is none", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const search = async (command: object) => {
    const params = { sessionId: session.id, command: { type: "search_files", ...command } };
    return (await client.requestError("session.execute", params)).message;
  };
  assertStringIncludes(
    await search({ pattern: "a(" }),
    "command.pattern: Not a valid expression: missing closing )",
  );
  assertStringIncludes(await search({}), "command: Expected glob, pattern or both");
});

Deno.test("install_packages says what a Deno session lacks", () =>
  server.withSession(async (session) => {
    const type = "install_packages" as const;
    for (const manager of ["deno", "pip"] as const) {
      const { status } = await session.execute({ type, packages: ["zod"], manager });
      assertEquals(status, "not_started");
    }
    const error = await failed(session, { type, packages: ["zod@4"] });
    assertStringIncludes(error, bubblewrap.ignore ? "bubblewrap" : '"allowNet": true');
  }));

Deno.test("rpc.discover describes the commands of a batch", async () => {
  await using client = await server.connect();
  const text = JSON.stringify(await client.request("rpc.discover", {}));
  for (const word of ["search_files", "replace_in_file", "stopOnError", "startLine"]) {
    assert(text.includes(`"${word}"`), word);
  }
});
