import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { TestProcess, textOf } from "../testutil/test_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const engine = await dockerWith("codebeaker-python");
const server = dockerServer(engine, { env: { CODEBEAKER_DOCKER_AGENT: "off" } });

Deno.test({
  ...engine,
  name: "processes run in the background without the agent, and all is done with them as with it",
  fn: async () => {
    await using client = await server.connect();
    await using session = await TestSession.open(client, { language: "python" });
    const { sandbox } = await client.request("session.get", { sessionId: session.id });
    assertEquals(sandbox.driver, "engine");
    const argv = ["sh", "-c", 'while read -r line; do echo "<$line>"; done; exit 4'] as const;
    const process = await TestProcess.start(client, session, [...argv], { stream: true });
    const { processes } = await client.request("process.list", { sessionId: session.id });
    assertEquals(processes.map(({ processId, pid }) => [processId, pid]), [
      [process.id, process.pid],
    ]);
    assert(process.pid !== undefined && process.pid > 0);
    assertEquals(await session.output("print(1)"), "1");
    await client.request("process.write", { processId: process.id, data: "one\n" });
    assertEquals((await process.waitFor({ pattern: "<.*>" })).line, "<one>");
    await client.request("process.closeStdin", { processId: process.id });
    const { exitCode, status } = await process.end();
    assertEquals([exitCode, status], [4, "nonzero_exit"]);
    assertEquals(textOf(process.sent(), "stdout"), "<one>\n");
    const { chunks } = await client.request("process.attach", { processId: process.id });
    assertEquals(textOf(chunks, "stdout"), "<one>\n");

    const web = await TestProcess.start(client, session, ["python3", "-m", "http.server", "8124"]);
    assertEquals(await web.waitFor({ port: 8124 }), { processId: web.id, ready: true });
    await web.signal("SIGTERM");
    const end = await web.end();
    assertEquals([end.status, end.signal], ["signaled", "SIGTERM"]);

    const { data, message } = await client.requestError("watch.create", { sessionId: session.id });
    assertEquals(data.reason, "not_supported");
    assertStringIncludes(message, "agent");
  },
});
