import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";

const KEY_A = "alpha-0123456789abcdef0123456789";
const KEY_B = "beta-0123456789abcdef0123456789";
const MAX_SESSIONS = 6;
const ENDLESS = "console.log('on'); await new Promise((resolve) => setTimeout(resolve, 1e8));";

const server = sharedServer({
  env: {
    CODEBEAKER_API_KEYS: `${KEY_A},${KEY_B}`,
    CODEBEAKER_MAX_SESSIONS: `${MAX_SESSIONS}`,
    CODEBEAKER_MAX_SESSIONS_PER_CONNECTION: "4",
    CODEBEAKER_MAX_QUEUED_COMMANDS: "3",
    // A session that nothing can serve, also on a machine with Docker.
    DOCKER_HOST: "unix:///nonexistent/docker.sock",
  },
});

function connect(key = KEY_A) {
  return server.connect({ headers: { Authorization: `Bearer ${key}` } });
}

Deno.test("session.create() returns the guide's fields and an unguessable id", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    metadata: { purpose: "test" },
  });
  const { created } = session;
  assertEquals([created.language, created.state, created.runtime], [
    "deno",
    "Active",
    "deno",
  ]);
  assert(
    created.sessionId.length >= 22,
    "128 bits take 22 characters at least",
  );
  assertEquals(created.config.idleTimeoutMinutes, 30);
  assertEquals(created.config.maxLifetimeMinutes, 120);
  assertEquals(created.config.memoryLimitMB, 512);
  const details = await client.request("session.get", {
    sessionId: session.id,
  });
  assertEquals(details.containerId, created.containerId);
  assertEquals(details.metadata, { purpose: "test" });
});

Deno.test("session.create() takes aliases, files and env", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    language: "TS",
    files: { "lib/a.ts": "export const a = 1;", "/workspace/b.txt": "b" },
    env: { GREETING: "hello" },
    permissions: { allowEnv: ["GREETING"] },
  });
  assertEquals(session.created.language, "typescript");
  const code = "import { a } from './lib/a.ts'; console.log(a, Deno.env.get('GREETING'));";
  assertEquals(await session.output(code), "1 hello");
  assertEquals(await session.read("b.txt"), "b");
});

Deno.test("session.create() refuses what the contract does not know", async () => {
  await using client = await connect();
  const cases: [params: unknown, path: string, word: string][] = [
    [{}, "language", ""],
    [{ language: "cobol" }, "language", "cobol"],
    [{ language: "deno", idleTimeoutMinutes: -1 }, "idleTimeoutMinutes", ""],
    [
      { language: "deno", idleTimeoutMinutes: "soon" },
      "idleTimeoutMinutes",
      "",
    ],
    [{ language: "deno", memoryLimitMB: 1e9 }, "memoryLimitMB", ""],
    [{ language: "deno", env: { "A=B": "x" } }, "env", ""],
  ];
  for (const [params, path, word] of cases) {
    const { code, data, message } = await client.requestError(
      "session.create",
      params,
    );
    assertEquals(code, -32602, JSON.stringify(params));
    assertEquals((data.issues as { path: unknown[] }[])[0]?.path[0], path);
    assertStringIncludes(message, word);
  }
});

Deno.test("session.create() names an unknown key and the nearest known one", async () => {
  await using client = await connect();
  const params = { language: "deno", idleTimeoutMinute: 5 };
  const { code, message, data } = await client.requestError(
    "session.create",
    params,
  );
  assertEquals(code, -32602);
  assertStringIncludes(
    `${message} ${JSON.stringify(data)}`,
    "idleTimeoutMinutes",
  );
});

Deno.test("session.create() says what is missing if no runtime serves the language", async () => {
  await using client = await connect();
  const { code, data, message } = await client.requestError("session.create", {
    language: "python",
  });
  assertEquals([code, data.reason], [-32003, "runtime_unavailable"]);
  assertMatch(message, /docker/i);
});

Deno.test("session methods answer an unknown id with -32001", async () => {
  await using client = await connect();
  const sessionId = "0123456789abcdef0123456789abcdef";
  const command = { type: "read_file", path: "a" };
  for (
    const method of [
      "session.get",
      "session.close",
      "session.cancel",
      "session.extend",
    ]
  ) {
    const { code, data } = await client.requestError(method, { sessionId });
    assertEquals([code, data.reason], [-32001, "session_not_found"], method);
  }
  const { code } = await client.requestError("session.execute", {
    sessionId,
    command,
  });
  assertEquals(code, -32001);
});

Deno.test("session methods answer another key's id exactly as an unknown one", async () => {
  await using owner = await connect(KEY_A);
  await using other = await connect(KEY_B);
  await using session = await TestSession.open(owner);
  const { executionId } = await session.code("console.log(1)");
  const unknown = "f".repeat(session.id.length);
  const command = { type: "list_directory" };
  for (
    const [method, params] of [
      ["session.get", {}],
      ["session.close", {}],
      ["session.cancel", {}],
      ["session.extend", { idleTimeoutMinutes: 1 }],
      ["session.execute", { command }],
    ] as const
  ) {
    const theirs = await other.requestError(method, {
      sessionId: session.id,
      ...params,
    });
    const nobodys = await other.requestError(method, {
      sessionId: unknown,
      ...params,
    });
    assertEquals(theirs.code, -32001, method);
    assertEquals(
      theirs.message.replaceAll(session.id, unknown),
      nobodys.message,
    );
    assertEquals(
      JSON.stringify(theirs.data).replaceAll(session.id, unknown),
      JSON.stringify(nobodys.data),
    );
  }
  const theirs = await other.requestError("execution.get", { executionId });
  const nobodys = await other.requestError("execution.get", {
    executionId: `${executionId}x`,
  });
  assertEquals(theirs.code, nobodys.code);
  assertEquals((await other.request("session.list", {})).count, 0);
  assertEquals((await owner.request("session.list", {})).count, 1);
});

Deno.test("session.list() counts executions and tells idle from active", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client);
  await session.write("a", "1");
  const [idle] = (await client.request("session.list", {})).sessions;
  assertEquals([idle?.state, idle?.executionCount], ["Idle", 1]);
  const running = session.code(ENDLESS, { executionId: "busy", stream: true });
  await client.nextNotification("session.output", session.id);
  const [active] = (await client.request("session.list", {})).sessions;
  assertEquals([active?.state, active?.executionCount], ["Active", 2]);
  await client.request("session.cancel", { sessionId: session.id });
  assertEquals((await running).status, "cancelled");
});

Deno.test("session.cancel() stops the named execution and lets the next one run", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client);
  const first = session.code(ENDLESS, { executionId: "first", stream: true });
  const second = session.code("console.log('second')");
  await client.nextNotification("session.output", session.id);
  const params = { sessionId: session.id, executionId: "first" };
  assertEquals((await client.request("session.cancel", params)).cancelled, [
    "first",
  ]);
  const { success, status } = await first;
  assertEquals([success, status], [false, "cancelled"]);
  assertEquals((await second).result, "second");
});

Deno.test("session.cancel() stops a command that has not begun", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client);
  const first = session.code(ENDLESS, { executionId: "one", stream: true });
  const second = session.execute(
    { type: "write_file", path: "never", content: "x" },
    { executionId: "two" },
  );
  await client.nextNotification("session.output", session.id);
  await client.request("session.cancel", { sessionId: session.id });
  assertEquals([(await first).status, (await second).status], [
    "cancelled",
    "cancelled",
  ]);
  const { error } = await session.execute({ type: "read_file", path: "never" });
  assertEquals(error, "File not found: never");
});

Deno.test("session.extend() moves the deadlines", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    idleTimeoutMinutes: 1,
  });
  const extended = await client.request("session.extend", {
    sessionId: session.id,
    idleTimeoutMinutes: 60,
    maxLifetimeMinutes: 300,
  });
  assertEquals([extended.idleTimeoutMinutes, extended.maxLifetimeMinutes], [
    60,
    300,
  ]);
  const { config, expiresAt } = await client.request("session.get", {
    sessionId: session.id,
  });
  assertEquals([config.idleTimeoutMinutes, config.maxLifetimeMinutes], [
    60,
    300,
  ]);
  const hours = (Date.parse(expiresAt) - Date.parse(session.created.createdAt)) / 3_600_000;
  assert(hours <= 5.1, `expires after ${hours} hours`);
});

Deno.test("session.close() ends a running command and tells the connections that used it", async () => {
  await using client = await connect();
  await using other = await connect();
  const session = await TestSession.open(client);
  const running = client.call("session.execute", {
    sessionId: session.id,
    stream: true,
    command: { type: "execute_code", code: ENDLESS },
  });
  await client.nextNotification("session.output", session.id);
  await other.request("session.close", { sessionId: session.id });
  assertEquals((await running).error?.code, -32007);
  const { reason } = await client.nextNotification(
    "session.closed",
    session.id,
  );
  assertEquals(reason, "client");
  assertEquals(
    (await client.requestError("session.get", { sessionId: session.id })).code,
    -32001,
  );
});

Deno.test("a session closes after its idle timeout and says so", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    idleTimeoutMinutes: 0.02,
  });
  await session.write("a", "1");
  const { reason } = await client.nextNotification(
    "session.closed",
    session.id,
  );
  assertEquals(reason, "idle_timeout");
  assertEquals(
    (await client.requestError("session.get", { sessionId: session.id })).code,
    -32001,
  );
});

Deno.test("a session does not idle out while a command runs", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    idleTimeoutMinutes: 0.005,
  });
  const wait = "await new Promise((resolve) => setTimeout(resolve, 900)); console.log('done');";
  assertEquals(await session.output(wait), "done");
  await client.nextNotification("session.closed", session.id);
});

Deno.test("a session closes after its lifetime, also under a running command", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client, {
    maxLifetimeMinutes: 0.02,
  });
  const answer = client.call("session.execute", {
    sessionId: session.id,
    command: { type: "execute_code", code: ENDLESS },
  });
  const { reason } = await client.nextNotification(
    "session.closed",
    session.id,
  );
  assertEquals(reason, "max_lifetime");
  assertEquals((await answer).error?.code, -32007);
});

Deno.test("a session outlives the connection that made it", async () => {
  const first = await connect();
  const session = await TestSession.open(first);
  await session.write("kept.txt", "still here");
  await first.close();
  await using second = await connect();
  const params = {
    sessionId: session.id,
    command: { type: "read_file", path: "kept.txt" } as const,
  };
  const { result } = await second.request("session.execute", params);
  assertEquals(result, { content: "still here", bytes: 10 });
  await second.request("session.close", { sessionId: session.id });
});

Deno.test("execution.get() returns the result of a command whose connection dropped", async () => {
  const first = await connect();
  const session = await TestSession.open(first);
  first.sendRaw(JSON.stringify({
    jsonrpc: "2.0",
    id: 1,
    method: "session.execute",
    params: {
      sessionId: session.id,
      executionId: "dropped",
      stream: true,
      command: {
        type: "execute_code",
        code: "console.log('a'); await Deno.stdin.read(new Uint8Array(1));" +
          "await new Promise((resolve) => setTimeout(resolve, 300)); console.log('b');",
      },
    },
  }));
  await first.nextNotification("session.output", session.id);
  await first.close();
  await using second = await connect();
  const get = () => second.request("execution.get", { executionId: "dropped" });
  await until(
    async () => (await get()).state === "ended",
    10_000,
    "the execution to end",
  );
  assertEquals((await get()).result?.result, "a\nb");
  await second.request("session.close", { sessionId: session.id });
});

Deno.test("session.create() refuses more sessions than the limits allow", async () => {
  await using one = await connect();
  await using two = await connect();
  const opened: [typeof one, string][] = [];
  async function open(client: typeof one, count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      opened.push([client, (await TestSession.open(client)).id]);
    }
  }
  await open(one, 4);
  const perConnection = await one.requestError("session.create", {
    language: "deno",
  });
  assertEquals(perConnection.code, -32002);
  await open(two, MAX_SESSIONS - 4);
  const inTotal = await two.requestError("session.create", {
    language: "deno",
  });
  assertEquals([inTotal.code, inTotal.data.reason], [
    -32002,
    "session_limit_reached",
  ]);
  for (const [client, sessionId] of opened) {
    await client.request("session.close", { sessionId });
  }
  await using again = await TestSession.open(one);
  assertEquals(again.created.state, "Active");
});

Deno.test("session.execute() refuses more waiting commands than the limit allows", async () => {
  await using client = await connect();
  await using session = await TestSession.open(client);
  const running = session.code(ENDLESS, { stream: true });
  await client.nextNotification("session.output", session.id);
  const command = { type: "list_directory" };
  const waiting = [1, 2, 3].map(() =>
    client.call("session.execute", { sessionId: session.id, command })
  );
  const { data } = await client.requestError("session.execute", {
    sessionId: session.id,
    command,
  });
  assertEquals(data.reason, "queue_full");
  await client.request("session.cancel", { sessionId: session.id });
  await Promise.all([running, ...waiting]);
  assertEquals(
    (await session.execute({ type: "list_directory" })).success,
    true,
  );
});

Deno.test("execution.run() runs code without a session", async () => {
  await using client = await connect();
  const { result, success } = await client.request("execution.run", {
    language: "typescript",
    code: "import { n } from './n.ts'; console.log(n, Deno.args.join(), prompt());",
    files: { "n.ts": "export const n: number = 7;" },
    args: ["x", "y"],
    stdin: "in\n",
  });
  assertEquals([success, (result as string).startsWith("7 x,y")], [true, true]);
  assertEquals((await client.request("session.list", {})).count, 0);
});
