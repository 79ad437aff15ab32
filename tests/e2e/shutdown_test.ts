import { delay } from "@std/async";
import { assert, assertEquals } from "@std/assert";
import { descendants, survivors } from "../testutil/process_tree.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until, within } from "../testutil/within.ts";

const STUBBORN = `
for (const signal of ["SIGTERM", "SIGINT"] as const) {
  try { Deno.addSignalListener(signal, () => {}); } catch { /* not every sandbox lets it */ }
}
console.log("on");
await new Promise((resolve) => setTimeout(resolve, 1e8));`;

/** Opens a session and starts a program in it that does not want to end. */
async function startStubborn(client: RpcClient): Promise<TestSession> {
  const session = await TestSession.open(client, { files: { "kept.txt": "x" } });
  client.sendRaw(JSON.stringify({
    jsonrpc: "2.0",
    id: "stubborn",
    method: "session.execute",
    params: {
      sessionId: session.id,
      stream: true,
      command: { type: "execute_code", code: STUBBORN },
    },
  }));
  await client.nextNotification("session.output", session.id);
  return session;
}

async function filesBelow(directory: string): Promise<string[]> {
  const found: string[] = [];
  try {
    for await (const { name, isDirectory } of Deno.readDir(directory)) {
      const path = `${directory}/${name}`;
      found.push(path, ...(isDirectory ? await filesBelow(path) : []));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return found;
}

for (const signal of ["SIGTERM", "SIGINT"] as const) {
  Deno.test(`server stops on ${signal}: tells clients, exits 0, leaves nothing behind`, async () => {
    await using server = await startServer({ env: { CODEBEAKER_SHUTDOWN_GRACE_SECONDS: "1" } });
    await using client = await RpcClient.connect(server.wsUrl);
    const session = await startStubborn(client);
    const children = await descendants(server.pid);
    assert(children.length > 0, "the running program is a child of the server");
    server.kill(signal);
    const { reason } = await client.nextNotification("session.closed", session.id);
    assertEquals(reason, "shutdown");
    await within(client.closed, 10_000, "the server to close the connection");
    const { code, signal: endedBy } = await server.stop("SIGCONT");
    assertEquals([code, endedBy], [0, null], await server.stderr());
    assertEquals(await survivors(children), []);
    const left = await filesBelow(server.dataDir);
    assertEquals(left.filter((path) => path.includes("kept.txt") || path.includes(session.id)), []);
    assertEquals((await server.stdout()).trim().split("\n").length, 1);
  });
}

Deno.test("server lets a running command end within the grace time", async () => {
  await using server = await startServer({ env: { CODEBEAKER_SHUTDOWN_GRACE_SECONDS: "10" } });
  await using client = await RpcClient.connect(server.wsUrl);
  const session = await TestSession.open(client);
  const code = "console.log('a'); await new Promise((r) => setTimeout(r, 700)); console.log('b');";
  const running = session.code(code, { stream: true });
  await client.nextNotification("session.output", session.id);
  server.kill("SIGTERM");
  assertEquals((await running).result, "a\nb");
  assertEquals((await server.stop("SIGCONT")).code, 0);
  await within(client.closed, 10_000, "the connection to close");
});

Deno.test("server refuses new work while it stops", async () => {
  await using server = await startServer({ env: { CODEBEAKER_SHUTDOWN_GRACE_SECONDS: "3" } });
  await using client = await RpcClient.connect(server.wsUrl);
  const session = await startStubborn(client);
  server.kill("SIGTERM");
  await until(
    async () => await fetch(`${server.url}/health/live`).then(cancelBody, () => true),
    10_000,
    "the server to stop accepting",
  );
  const answer = await client.call("session.create", { language: "deno" }).catch(() => undefined);
  assert(answer === undefined || answer.error?.code === -32008, JSON.stringify(answer));
  await client.nextNotification("session.closed", session.id);
  assertEquals((await server.stop("SIGCONT")).code, 0);
  await within(client.closed, 10_000, "the connection to close");
});

Deno.test("server exits at once on a second signal and takes its children along", async () => {
  await using server = await startServer({ env: { CODEBEAKER_SHUTDOWN_GRACE_SECONDS: "600" } });
  await using client = await RpcClient.connect(server.wsUrl);
  await startStubborn(client);
  const children = await descendants(server.pid);
  server.kill("SIGTERM");
  await until(
    async () => (await server.stderr()).match(/shut|stop/i) !== null,
    10_000,
    "the server to take note of the first signal",
  );
  // Handed on by whoever started it: still the first.
  server.kill("SIGTERM");
  await delay(1200);
  assert((await survivors(children)).length > 0, "it waits for what runs");
  const { code, signal } = await server.stop("SIGTERM");
  assert(signal !== "SIGKILL", "the test had to end the server");
  assert(code !== 0, "an abrupt end is not a success");
  await within(client.closed, 10_000, "the connection to close");
  await until(async () => (await survivors(children)).length === 0, 10_000, "the children to end");
});

Deno.test("server removes what a killed one left behind", async () => {
  await using killed = await startServer();
  await using client = await RpcClient.connect(killed.wsUrl);
  const session = await startStubborn(client);
  const children = await descendants(killed.pid);
  assertEquals((await killed.stop("SIGKILL")).signal, "SIGKILL");
  await within(client.closed, 10_000, "the connection to close");
  const leftBehind = async () =>
    (await filesBelow(killed.dataDir)).filter((path) => path.includes("kept.txt"));
  assertEquals((await leftBehind()).length, 1);
  await using next = await startServer({ dataDir: killed.dataDir });
  await until(async () => (await leftBehind()).length === 0, 10_000, "the files to be removed");
  await until(async () => (await survivors(children)).length === 0, 10_000, "the children to end");
  await using other = await RpcClient.connect(next.wsUrl);
  assertEquals((await other.requestError("session.get", { sessionId: session.id })).code, -32001);
});

async function cancelBody(response: Response): Promise<boolean> {
  await response.body?.cancel();
  return response.status === 503;
}
