import { assertEquals } from "@std/assert";
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

for (const { name, test } of WATCH_SCENARIOS.slice(1)) {
  Deno.test(`${name} in a Deno session of a server without all permissions`, async () => {
    await using client = await scoped.connect();
    await using other = await scoped.connect();
    await using session = await TestSession.open(client);
    await test({ client, other, session, makeTree: () => "" });
  });
}

Deno.test("a watch tells changes also where a server without all permissions has to look for them", async () => {
  await using client = await scoped.connect();
  await using session = await TestSession.open(client);
  await session.write("known", "1");
  await session.write("d/e/f", "1");
  const watch = await TestWatch.start(client, session);
  const code = `Deno.mkdirSync("made/by", { recursive: true });
Deno.writeTextFileSync("made/by/code", "");
Deno.writeTextFileSync("known", "2");
Deno.chmodSync("d", 0o700);
Deno.removeSync("d/e", { recursive: true });
Deno.writeTextFileSync("short", "");
Deno.removeSync("short");`;
  await session.output(code);
  // The workspace moves with every run.
  for (let run = 0; run < 3; run++) await session.output("console.log(1)");
  assertEquals((await watch.told()).toSorted(), [
    "created made/",
    "created made/by/",
    "created made/by/code",
    "modified d/",
    "modified known",
    "removed d/e/",
  ]);
});
