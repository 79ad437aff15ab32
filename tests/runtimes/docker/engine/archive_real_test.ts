import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { archiveGet } from "../../../../src/runtimes/docker/engine/archive_get.ts";
import { archivePut } from "../../../../src/runtimes/docker/engine/archive_put.ts";
import { archiveStat } from "../../../../src/runtimes/docker/engine/archive_stat.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { readTar } from "../../../../src/runtimes/tar/tar_reader.ts";
import { type TarSource, writeTar } from "../../../../src/runtimes/tar/tar_writer.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { until } from "../../../testutil/within.ts";
import { RealEngine } from "./real_engine.ts";
import { run } from "./real_run.ts";
import { readAll, readText } from "./streams.ts";
import { tarFile } from "./tar_file.ts";

const docker = await requirement("docker");

async function names(archive: ReadableStream<Uint8Array>): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of readTar(archive)) found.push(name);
  return found;
}

Deno.test({
  name: "the endpoints about archives move files in both directions",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const { client } = engine;
    const container = await engine.container();
    const long = `${"n".repeat(90)}/${"ü".repeat(60)}/file.txt`;
    const big = new Uint8Array(3_000_000).map((_, index) => index * 7);
    await archivePut(
      client,
      container,
      "/data",
      writeTar([
        { type: "directory", name: "sub", mode: 0o750 },
        tarFile("sub/a.txt", "content\n"),
        { type: "symlink", name: "sub/link", linkName: "a.txt" },
        tarFile(long, "far away"),
        { type: "file", name: "big", size: big.length, content: ReadableStream.from([big]) },
      ]),
    );
    const listing = await run(engine, container, { Cmd: ["ls", "-ln", "/data/sub"] });
    assertStringIncludes(listing.stdout, "-rw-r----- 1 7 8 8");
    assertStringIncludes(listing.stdout, "link -> a.txt");
    const read = await run(engine, container, { Cmd: ["cat", `/data/${long}`] });
    assertEquals(read.stdout, "far away");

    const { stat, body } = await archiveGet(client, container, "/data");
    assertEquals([stat.name, stat.type, stat.mode], ["data", "directory", 0o755]);
    const found = new Map<string, unknown>();
    for await (const entry of readTar(body)) {
      const { name, type, mode, uid, linkName, mtime } = entry;
      if (name.endsWith(".txt")) {
        found.set(name, [type, mode, uid, mtime, await readText(entry.readable)]);
      } else if (type === "symlink") found.set(name, [type, linkName]);
      else if (name === "data/big") {
        found.set(
          name,
          await readAll(entry.readable),
        );
      }
    }
    assertEquals(found.get("data/sub/a.txt"), ["file", 0o640, 7, 1e9, "content\n"]);
    assertEquals(found.get(`data/${long}`), ["file", 0o640, 7, 1e9, "far away"]);
    assertEquals(found.get("data/sub/link"), ["symlink", "a.txt"]);
    assertEquals(found.get("data/big"), big);

    assertEquals(await archiveStat(client, container, "/data/sub/link"), {
      name: "link",
      type: "symlink",
      size: 5,
      mode: 0o777,
      mtime: (await archiveStat(client, container, "/data/sub/link")).mtime,
      linkTarget: "/data/sub/a.txt",
    });
    const plain = await archiveStat(client, container, "/data/sub/a.txt");
    assertEquals([plain.type, plain.size, plain.mode], ["file", 8, 0o640]);
    assertEquals((await archiveStat(client, container, "/tmp")).mode, 0o1777);
    const none = await assertRejects(() => archiveStat(client, container, "/no"), EngineError);
    assertEquals(none.kind, "not_found");
  },
});

Deno.test({
  name: "archivePut() reports what the engine refuses and cancels the rest",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    let cancelled = false;
    const endless = (function* () {
      try {
        while (true) yield new Uint8Array(64 * 1024);
      } finally {
        cancelled = true;
      }
    })();
    const size = 2 ** 40;
    const refused = await assertRejects(
      () =>
        archivePut(
          engine.client,
          container,
          "/no/such/directory",
          writeTar([{ type: "file", name: "x", size, content: ReadableStream.from(endless) }]),
        ),
      EngineError,
    );
    assertEquals(refused.kind, "not_found", refused.message);
    await until(() => cancelled, 10_000, "the source to be cancelled");
    const readOnly = await engine.container({ ReadonlyRootfs: true });
    await assertRejects(
      () => archivePut(engine.client, readOnly, "/data", writeTar([tarFile("x", "y")])),
      EngineError,
      "read-only",
    );
  },
});

Deno.test({
  name: "archivePut() throws what its source throws",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    const broken = async function* (): AsyncGenerator<TarSource> {
      yield tarFile("a", "b");
      await Promise.resolve();
      throw new URIError("the source broke");
    };
    await assertRejects(
      () => archivePut(engine.client, container, "/data", writeTar(broken())),
      URIError,
      "the source broke",
    );
    // Behind a proxy of one error is a connection that works.
    await archivePut(engine.client, container, "/data", writeTar([tarFile("a", "b")]));
    const { body } = await archiveGet(engine.client, container, "/data/a");
    assertEquals(await names(body), ["a"]);
  },
});
