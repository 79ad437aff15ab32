import { assertEquals, assertMatch } from "@std/assert";
import { requirement } from "../testutil/requirement.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { SHELL_SCENARIOS } from "../testutil/shell_scenarios.ts";
import { TestSession } from "../testutil/test_session.ts";

const bubblewrap = await requirement("bubblewrap");
const server = sharedServer({ allowAll: true, env: { CODEBEAKER_DENO_ALLOW_RUN: "true" } });

for (const [name, scenario] of Object.entries(SHELL_SCENARIOS)) {
  Deno.test({
    name: `shells of Deno sessions ${name}`,
    ...bubblewrap,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { permissions: { allowRun: true } });
      await scenario({ client, session });
    },
  });
}

Deno.test("a Deno session that may not run programs has no shells, and says why", async () => {
  await using client = await server.connect();
  await using session = await TestSession.open(client);
  const { error } = await client.call("shell.create", { sessionId: session.id });
  assertEquals((error?.data as { reason?: string }).reason, "runtime_unavailable");
  assertMatch(
    error?.message ?? "",
    /Cannot start a shell: Cannot run "bash" .* permissions\.allowRun/,
  );
  const refused = await session.execute({ type: "shell_command", command: "pwd" });
  assertEquals([refused.status, refused.result], ["not_started", null]);
  assertMatch(refused.error ?? "", /permissions\.allowRun/);
});
