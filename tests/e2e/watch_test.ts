import { assertEquals, assertStringIncludes } from "@std/assert";
import { requirement } from "../testutil/requirement.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { TestSession } from "../testutil/test_session.ts";
import { TestWatch, WATCH_SCENARIOS } from "../testutil/watch_scenarios.ts";

const scoped = sharedServer();
const free = sharedServer({ allowAll: true, env: { CODEBEAKER_DENO_ALLOW_RUN: "true" } });
const bubblewrap = await requirement("bubblewrap");

for (const { name, test } of WATCH_SCENARIOS) {
  Deno.test({
    name: `${name} in a Deno session`,
    ignore: Deno.build.os !== "linux",
    fn: async () => {
      await using client = await free.connect();
      await using other = await free.connect();
      await using session = await TestSession.open(client);
      const makeTree = (path: string, file: string) =>
        `Deno.mkdirSync("${path}", { recursive: true }); Deno.writeTextFileSync("${path}/${file}", "")`;
      await test({ client, other, session, makeTree });
    },
  });
}

Deno.test({
  ...bubblewrap,
  name: "a watch follows no symlink out of a Deno session",
  fn: async () => {
    await using client = await free.connect();
    await using session = await TestSession.open(client, {
      permissions: { allowRun: ["ln", "sh"] },
    });
    const outside = await Deno.makeTempDir({ prefix: "codebeaker-outside-" });
    try {
      await session.shell("ln", ["-s", "/", "root"]);
      const watch = await TestWatch.start(client, session);
      await session.shell("sh", ["-c", `mkdir d; ln -s / d/root; ln -s ${outside} d/out`]);
      await Deno.writeTextFile(`${outside}/file`, "");
      assertEquals(await watch.told(), ["created d/", "created d/root", "created d/out"]);
      const { data } = await client.requestError("watch.create", {
        sessionId: session.id,
        path: "d/root",
      });
      assertEquals(data.reason, "invalid_params");
    } finally {
      await Deno.remove(outside, { recursive: true });
    }
  },
});

Deno.test("a watch says what it takes where the server has not all permissions", async () => {
  await using client = await scoped.connect();
  await using session = await TestSession.open(client);
  const { code, data, message } = await client.requestError("watch.create", {
    sessionId: session.id,
  });
  assertEquals([code, data.reason], [-32009, "not_supported"]);
  assertStringIncludes(message, "--allow-all");
});
