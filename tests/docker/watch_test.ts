import { assert, assertEquals } from "@std/assert";
import { TestSession } from "../testutil/test_session.ts";
import { TestWatch, WATCH_SCENARIOS } from "../testutil/watch_scenarios.ts";
import { until } from "../testutil/within.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const engine = await dockerWith("codebeaker-python");
const server = dockerServer(engine);

for (const { name, test } of WATCH_SCENARIOS) {
  Deno.test({
    ...engine,
    name: `${name} in a container`,
    fn: async () => {
      await using client = await server.connect();
      await using other = await server.connect();
      await using session = await TestSession.open(client, { language: "python" });
      const makeTree = (path: string, file: string) =>
        `import os; os.makedirs("${path}"); open("${path}/${file}", "w")`;
      await test({ client, other, session, makeTree });
    },
  });
}

Deno.test({
  ...engine,
  name:
    "a watch in a container goes on when code ends the agent, and says that it missed something",
  fn: async () => {
    await using client = await server.connect();
    await using session = await TestSession.open(client, { language: "python" });
    const watch = await TestWatch.start(client, session);
    await session.shell("sh", ["-c", "kill -9 -1"]);
    await session.write("meanwhile", "");
    const hasOverflow = () => watch.batches().some(({ overflow }) => overflow === true);
    await until(hasOverflow, 20_000, "the watch to go on");
    await session.write("after", "");
    const told = await watch.told();
    assert(told.includes("created after"), told.join());
  },
});

Deno.test({
  ...engine,
  name: "a watch in a container follows no symlink and is not held up by one",
  fn: async () => {
    await using client = await server.connect();
    await using session = await TestSession.open(client, { language: "python" });
    await session.shell("sh", ["-c", "ln -s / root; mkdir d; ln -s /tmp d/tmp"]);
    const watch = await TestWatch.start(client, session);
    await session.shell("sh", ["-c", "touch /tmp/file d/tmp/other; ln -s / d/late"]);
    assertEquals(await watch.told(), ["created d/late"]);
  },
});
