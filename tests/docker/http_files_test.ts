import { assertEquals } from "@std/assert";
import { HTTP_FILES_SCENARIOS, HttpFiles, listTar, names } from "../testutil/http_files.ts";
import { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const server = dockerServer(requirement, { allowAll: true });

for (const { name, test } of HTTP_FILES_SCENARIOS) {
  Deno.test({
    ...requirement,
    name: `${name} in a container`,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { language: "python" });
      const sleep = "import time; time.sleep(60)";
      const temporaries = async () =>
        (await names(session)).filter((name) => name.includes(".codebeaker-"));
      await test({ server: server.process, client, session, sleep, temporaries });
    },
  });
}

Deno.test({
  ...requirement,
  name: "a workspace moves from a container to a Deno session and back",
  async fn() {
    await using client = await server.connect();
    await using container = await TestSession.open(client, { language: "python" });
    await using deno = await TestSession.open(client);
    await container.output(`
import os
os.makedirs("src/deep/empty")
open("src/main.py", "w").write("print('moved')\\n")
os.chmod("src/main.py", 0o755)
os.symlink("../main.py", "src/deep/way")
os.mkfifo("src/pipe")
open("data.bin", "wb").write(bytes(range(256)) * 4000)
os.symlink("/etc/passwd", "out")
`);
    const [from, to] = [container, deno].map((session) =>
      new HttpFiles({ server: server.process, session })
    );
    // What leads out of the workspace is packed as the symlink it is, and refused where it is unpacked.
    const whole = await listTar((await from!.archive()).body!);
    assertEquals(
      whole.some((line) => line.startsWith("symlink out ") && line.endsWith("/etc/passwd")),
      true,
    );
    await container.shell("rm", ["out"]);
    const archive = await from!.archive();
    const put = await to!.putArchive(archive.body!);
    assertEquals((await put.json()).entries, 6);
    assertEquals(await deno.read("src/deep/way"), "print('moved')\n");
    const back = await to!.archive("?path=src");
    const again = await from!.putArchive(back.body!, { query: "?path=again" });
    assertEquals((await again.json()).entries, 4);
    const { result } = await container.shell("sh", [
      "-c",
      "ls -lR again; cmp src/main.py again/main.py",
    ]);
    assertEquals((result as { exitCode: number }).exitCode, 0, JSON.stringify(result));
    const lines = await Promise.all([from!.archive("?path=src"), from!.archive("?path=again")])
      .then((answers) => Promise.all(answers.map(({ body }) => listTar(body!))));
    const withoutLinks = lines.map((list) =>
      list.map((line) => line.replace(/^(symlink.*) \d+ /, "$1 "))
    );
    assertEquals(withoutLinks[1], withoutLinks[0]);
  },
});

const SLOW = [
  "PUT and GET move any bytes, and say what they are",
  "GET answers ranges",
  "conditions hold a request to a version of the file",
  "what cannot be is refused with a word and a sentence",
  "an archive has permissions, times and symlinks, and unpacks as it was",
  "hostile archives are refused at their first bad entry",
];
const withoutAgent = dockerServer(requirement, { env: { CODEBEAKER_DOCKER_AGENT: "off" } });

for (const { name, test } of HTTP_FILES_SCENARIOS.filter(({ name }) => SLOW.includes(name))) {
  Deno.test({
    ...requirement,
    name: `${name} in a container without an agent`,
    async fn() {
      await using client = await withoutAgent.connect();
      await using session = await TestSession.open(client, { language: "python" });
      const temporaries = () => Promise.resolve([]);
      await test({ server: withoutAgent.process, client, session, sleep: "", temporaries });
    },
  });
}
