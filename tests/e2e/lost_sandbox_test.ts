import { assert, assertEquals } from "@std/assert";
import { descendants } from "../testutil/process_tree.ts";
import { requirement } from "../testutil/requirement.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";

const bubblewrap = await requirement("bubblewrap");
// Without spares what runs is all there is.
const server = sharedServer({ env: { CODEBEAKER_SPARES: "0" } });

Deno.test({
  name: "a program whose sandbox is ended from outside is session_lost, and the session goes on",
  ...bubblewrap,
  async fn() {
    await using client = await server.connect();
    await using session = await TestSession.open(client, { files: { kept: "kept" } });
    const running = session.code("console.log('on'); setInterval(() => {}, 1000)", {
      stream: true,
    });
    await client.nextNotification("session.output", session.id);
    const { pid } = server.process;
    const sandbox = (await descendants(pid)).find(({ name, parent }) =>
      name === "bwrap" && parent === pid
    );
    assert(sandbox !== undefined, "Expected bubblewrap to run");
    Deno.kill(sandbox.pid, "SIGKILL");
    const { success, status, exitCode, signal } = await running;
    assertEquals([success, status, exitCode, signal], [false, "session_lost", null, undefined]);
    assertEquals(await session.output("console.log(Deno.readTextFileSync('kept'))"), "kept");
  },
});
