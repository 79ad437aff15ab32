// What the contract says holds also where no bubblewrap stands between the code and the host.
import "./guide_test.ts?CODEBEAKER_BUBBLEWRAP=off";
import "./deno_code_test.ts?CODEBEAKER_BUBBLEWRAP=off";
import "./permissions_test.ts?CODEBEAKER_BUBBLEWRAP=off";
import "./processes_test.ts?CODEBEAKER_BUBBLEWRAP=off";
import "./contexts_test.ts?CODEBEAKER_BUBBLEWRAP=off";
import { assert, assertEquals, assertMatch } from "@std/assert";
import { RpcClient } from "../testutil/rpc_client.ts";
import { startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";

Deno.test("a server without bubblewrap says so and refuses what needs it", async () => {
  await using server = await startServer({ env: { CODEBEAKER_BUBBLEWRAP: "off" } });
  await using client = await RpcClient.connect(server.wsUrl);
  const { runtimes } = await client.request("runtime.list", {});
  const { available, isolation } = runtimes.find(({ name }) => name === "deno")!;
  assertEquals(available, true);
  assert(!isolation.some((layer) => /bubblewrap/i.test(layer)), isolation.join());
  await using session = await TestSession.open(client, { files: { "a.ts": "" } });
  const params = {
    sessionId: session.id,
    command: { type: "execute_shell", commandName: "deno", args: ["fmt", "a.ts"] },
  };
  const { code, message } = await client.requestError("session.execute", params);
  assertEquals(code, -32602);
  assertMatch(message, /bubblewrap/);
});
