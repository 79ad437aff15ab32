import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import config from "../../deno.json" with { type: "json" };
import { RpcClient } from "../testutil/rpc_client.ts";
import { runServer, startServer } from "../testutil/server_process.ts";

Deno.test("--help prints every setting with its flag and variable", async () => {
  const { code, stdout, stderr } = await runServer({ flags: ["--help"] });
  assertEquals([code, stderr], [0, ""]);
  const words = [
    "--port",
    "CODEBEAKER_PORT",
    "--data-dir",
    "CODEBEAKER_DATA_DIR",
    "5000",
    "127.0.0.1",
  ];
  for (const word of [...words, "CODEBEAKER_API_KEYS", "--insecure"]) {
    assertStringIncludes(stdout, word);
  }
});

Deno.test("--version prints the version of deno.json and nothing else", async () => {
  const { code, stdout, stderr } = await runServer({ flags: ["--version"] });
  assertEquals([code, stderr], [0, ""]);
  assertMatch(stdout, new RegExp(`^(codebeaker )?${config.version}\n$`, "i"));
});

Deno.test("bad settings are all reported at once with exit code 2", async () => {
  const { code, stdout, stderr } = await runServer({
    flags: ["--port", "70000", "--no-such-flag", "--max-sessions=0"],
    env: { CODEBEAKER_LOG_LEVEL: "loud", CODEBEAKER_POTR: "1", CODEBEAKER_MAX_FILE_BYTES: "huge" },
  });
  assertEquals([code, stdout], [2, ""]);
  const words = ["--port", "70000", "--no-such-flag", "--max-sessions", "CODEBEAKER_LOG_LEVEL"];
  for (
    const word of [
      ...words,
      "loud",
      "CODEBEAKER_POTR",
      "CODEBEAKER_PORT",
      "CODEBEAKER_MAX_FILE_BYTES",
    ]
  ) {
    assertStringIncludes(stderr, word);
  }
  assert(!/^\s+at /m.test(stderr), "a stack is no help to whoever mistyped a flag");
});

Deno.test("bad API keys are reported without their value", async () => {
  const { code, stderr } = await runServer({ env: { CODEBEAKER_API_KEYS: "sec ret-value,=" } });
  assertEquals(code, 2, stderr);
  assertMatch(stderr, /entry 1 of the API keys/);
  assert(!stderr.includes("ret-value"), stderr);
});

Deno.test("a host beyond loopback without keys is refused with what to do", async () => {
  for (const host of ["0.0.0.0", "::", "192.0.2.1"]) {
    const { code, stdout, stderr } = await runServer({ flags: ["--host", host] });
    assertEquals([code, stdout], [2, ""], host);
    for (const word of [host, "CODEBEAKER_API_KEYS", "--insecure"]) {
      assertStringIncludes(stderr, word);
    }
  }
});

Deno.test("a flag overrides its variable and --insecure opens other hosts", async () => {
  await using server = await startServer({
    flags: ["--host", "0.0.0.0", "--insecure"],
    env: { CODEBEAKER_HOST: "127.0.0.1" },
  });
  assertMatch(server.url, /^http:\/\/0\.0\.0\.0:\d+$/);
  await using client = await RpcClient.connect(`ws://127.0.0.1:${server.port}/ws/jsonrpc`);
  assertEquals((await client.request("session.list", {})).count, 0);
});

Deno.test("a JSON file gives settings and its mistakes are named", async () => {
  const file = await Deno.makeTempFile({ prefix: "codebeaker-test-", suffix: ".json" });
  try {
    await Deno.writeTextFile(file, JSON.stringify({ maxSessions: 1 }));
    await using server = await startServer({ flags: ["--config", file] });
    await using client = await RpcClient.connect(server.wsUrl);
    const { sessionId } = await client.request("session.create", { language: "deno" });
    const { code } = await client.requestError("session.create", { language: "deno" });
    assertEquals(code, -32002);
    await client.request("session.close", { sessionId });
    await Deno.writeTextFile(file, JSON.stringify({ maxSession: 1, port: "x" }));
    const bad = await runServer({ flags: ["--config", file] });
    assertEquals(bad.code, 2);
    for (const word of ["maxSession", "maxSessions", "port"]) {
      assertStringIncludes(bad.stderr, word);
    }
  } finally {
    await Deno.remove(file);
  }
});

Deno.test("a port in use is reported with exit code 1 and without a stack", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const port = `${listener.addr.port}`;
  const { code, stdout, stderr } = await runServer({ flags: ["--port", port] });
  assert(code === 1 || code === 2, `exit code ${code}`);
  assertEquals(stdout, "");
  assertStringIncludes(stderr, port);
  assert(!/^\s+at /m.test(stderr), stderr);
});
