import { assert, assertEquals, assertLessOrEqual } from "@std/assert";
import { descendants, openDescriptors, survivors } from "../testutil/process_tree.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";

// Without spares the server has no reason to keep a process when no session is open.
const server = sharedServer({ env: { CODEBEAKER_SPARES: "0" } });

/** Runs something of everything in a session of its own. */
async function useSession(): Promise<void> {
  await using client = await server.connect();
  await using session = await TestSession.open(client, {
    files: { "a/b.ts": "export const b = 1" },
  });
  await session.output("import { b } from './a/b.ts'; console.log(b)");
  await session.code("throw new Error()", { stream: true });
  await session.code("for (;;);", { timeoutMs: 100 });
  await session.shell("deno", ["run", "a/b.ts"]);
  await session.execute({ type: "read_file", path: "a/b.ts" });
  await session.execute({ type: "read_file", path: "missing" });
  await session.execute({ type: "list_directory", path: "a" });
  await session.execute({ type: "copy_file", sourcePath: "a/b.ts", destinationPath: "c" });
}

async function countDirectories(directory: string): Promise<number> {
  let count = 0;
  for await (const { name, isDirectory } of Deno.readDir(directory)) {
    if (isDirectory) count += 1 + await countDirectories(`${directory}/${name}`);
  }
  return count;
}

Deno.test("server has as many descriptors, children and directories after sessions as before", async () => {
  const { pid, dataDir } = server.process;
  // The first sessions make what stays: caches, logs, the first connection's buffers.
  await useSession();
  await useSession();
  const settle = async (what: () => Promise<boolean>) =>
    await until(what, 10_000, "the server to settle");
  await settle(async () => (await descendants(pid)).length === 0);
  const descriptors = await openDescriptors(pid);
  const directories = await countDirectories(dataDir);
  for (let round = 0; round < 5; round++) {
    await Promise.all([useSession(), useSession(), useSession(), useSession()]);
  }
  await settle(async () => await openDescriptors(pid) <= descriptors);
  assertLessOrEqual(await openDescriptors(pid), descriptors);
  await settle(async () => (await descendants(pid)).length === 0);
  assertEquals(await countDirectories(dataDir), directories);
});

Deno.test("closing a session ends every process in it at once", async () => {
  await using client = await server.connect();
  const sessions = await Promise.all([1, 2, 3].map(() => TestSession.open(client)));
  const endless = "console.log('on'); setInterval(() => {}, 1000)";
  const running = sessions.map((session) =>
    client.call("session.execute", {
      sessionId: session.id,
      stream: true,
      command: { type: "execute_code", code: endless },
    })
  );
  for (const { id } of sessions) await client.nextNotification("session.output", id);
  // What reads for the server what the kernel counts is a shell, and nobody's.
  const all = await descendants(server.process.pid);
  const children = all.filter(({ name }) => name !== "sh");
  assert(children.length >= 3);
  for (const session of sessions) await session[Symbol.asyncDispose]();
  for (const answer of await Promise.all(running)) assertEquals(answer.error?.code, -32007);
  const areGone = async () => (await survivors(children)).length === 0;
  await until(areGone, 1000, "the last of the processes");
});

Deno.test("a dropped connection leaves no descriptor behind", async () => {
  const { pid } = server.process;
  const before = await openDescriptors(pid);
  const clients = await Promise.all(Array.from({ length: 20 }, () => server.connect()));
  for (const client of clients) await client.close();
  await until(async () => await openDescriptors(pid) <= before, 10_000, "the connections to go");
  assertLessOrEqual(await openDescriptors(pid), before);
});
