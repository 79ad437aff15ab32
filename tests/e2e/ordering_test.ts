import { assert, assertEquals } from "@std/assert";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";

const server = sharedServer();

function execute(
  id: number,
  sessionId: string,
  command: unknown,
  more: object = {},
) {
  return {
    jsonrpc: "2.0",
    id,
    method: "session.execute",
    params: { sessionId, command, ...more },
  };
}

function append(id: number, sessionId: string) {
  const command = {
    type: "write_file",
    path: "log.txt",
    content: `${id}\n`,
    mode: "Append",
  };
  return execute(id, sessionId, command);
}

function numbers(count: number): string {
  return Array.from({ length: count }, (_, i) => `${i}\n`).join("");
}

async function contentOf(client: RpcClient, id: number): Promise<string> {
  const { result } = await client.next((message) => message.id === id);
  return (result as { result: { content: string } }).result.content;
}

Deno.test("session.execute() runs commands sent without waiting in their order", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  for (let id = 0; id < 50; id++) {
    client.sendRaw(JSON.stringify(append(id, session.id)));
  }
  const read = { type: "read_file", path: "log.txt" };
  client.sendRaw(JSON.stringify(execute(50, session.id, read)));
  assertEquals(await contentOf(client, 50), numbers(50));
  const ids = client.messages.map(({ id }) => id).filter((id) => typeof id === "number");
  assertEquals(ids, Array.from({ length: 51 }, (_, i) => i));
});

Deno.test("session.execute() keeps the order of files and code", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  for (let id = 0; id < 9; id += 3) {
    const content = `export const n = ${id};`;
    const path = `n${id}.ts`;
    client.sendRaw(
      JSON.stringify(
        execute(id, session.id, { type: "write_file", path, content }),
      ),
    );
    const code = `import { n } from './${path}'; Deno.writeTextFileSync('out', String(n));`;
    client.sendRaw(
      JSON.stringify(
        execute(id + 1, session.id, { type: "execute_code", code }),
      ),
    );
    const read = { type: "read_file", path: "out" };
    client.sendRaw(JSON.stringify(execute(id + 2, session.id, read)));
  }
  const seen = [
    await contentOf(client, 2),
    await contentOf(client, 5),
    await contentOf(client, 8),
  ];
  assertEquals(seen, ["0", "3", "6"]);
});

Deno.test("a batch runs the commands of one session in order", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const batch = Array.from({ length: 20 }, (_, id) => append(id, session.id));
  const read = execute(20, session.id, { type: "read_file", path: "log.txt" });
  client.sendRaw(JSON.stringify([...batch, read]));
  const answers = await client.nextBatch();
  assertEquals(answers.length, 21);
  const last = answers.find(({ id }) => id === 20)?.result as {
    result: { content: string };
  };
  assertEquals(last.result.content, numbers(20));
});

Deno.test("session.execute() lets a concurrent command overtake", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const slow = "const at = () => { try { return Deno.statSync('go'); } catch { return null; } };" +
    "while (!at()) await new Promise((r) => setTimeout(r, 10)); console.log('went');";
  const waiting = session.code(slow);
  const command = { type: "write_file", path: "go", content: "" } as const;
  assert((await session.execute(command, { concurrent: true })).success);
  assertEquals((await waiting).result, "went");
});

Deno.test("commands of two sessions do not wait for each other", async () => {
  await using client = await server.connect();
  await using blocked = await TestSession.open(client);
  await using free = await TestSession.open(client);
  const endless = blocked.code("setInterval(() => {}, 1000)");
  assertEquals(await free.output("console.log('free')"), "free");
  await client.request("session.cancel", { sessionId: blocked.id });
  assertEquals((await endless).status, "cancelled");
});
