import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { archiveGet } from "../../../../src/runtimes/docker/engine/archive_get.ts";
import { containerCreate } from "../../../../src/runtimes/docker/engine/container_create.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { imageBuild } from "../../../../src/runtimes/docker/engine/image_build.ts";
import { imageInspect } from "../../../../src/runtimes/docker/engine/image_inspect.ts";
import { imageList } from "../../../../src/runtimes/docker/engine/image_list.ts";
import { imagePull } from "../../../../src/runtimes/docker/engine/image_pull.ts";
import { imageRemove } from "../../../../src/runtimes/docker/engine/image_remove.ts";
import { imageTag } from "../../../../src/runtimes/docker/engine/image_tag.ts";
import { readTar } from "../../../../src/runtimes/tar/tar_reader.ts";
import { writeTar } from "../../../../src/runtimes/tar/tar_writer.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { RealEngine } from "./real_engine.ts";
import { readText } from "./streams.ts";
import { tarFile } from "./tar_file.ts";

const docker = await requirement("docker");

Deno.test({
  name: "the endpoints about images make, show, tag and remove one",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const { client, filters } = engine;
    const { Id, Config } = await imageInspect(client, engine.image);
    assertEquals(Config?.Labels, { ...engine.labels });
    assertEquals(Config?.Cmd, ["sleep", "600"]);
    await imageTag(client, engine.image, { repo: `${engine.id}/deep/name`, tag: "t" });
    assertEquals((await imageInspect(client, `${engine.id}/deep/name:t`)).Id, Id);
    const [listed] = await imageList(client, { filters });
    assertEquals(
      listed?.RepoTags?.toSorted(),
      [engine.image, `${engine.id}/deep/name:t`].toSorted(),
    );
    const removed = await imageRemove(client, `${engine.id}/deep/name:t`);
    assertEquals(removed, [{ Untagged: `${engine.id}/deep/name:t` }]);
    const none = await assertRejects(() => imageInspect(client, "no/such:image"), EngineError);
    assertEquals(none.kind, "not_found");
  },
});

Deno.test({
  name: "imageBuild() builds from a context and fails as the build fails",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const tag = `${engine.id}:built`;
    const dockerfile =
      `FROM ${engine.image}\nARG WORD\nCOPY note /note\nRUN echo "$WORD" > /word\n`;
    const options = {
      tags: [tag],
      dockerfile: "Docker.file",
      buildArgs: { WORD: "from an argument" },
      labels: { ...engine.labels, extra: "yes" },
      noCache: true,
      networkMode: "none",
    };
    const context = writeTar([tarFile("Docker.file", dockerfile), tarFile("note", "noted\n")]);
    let log = "";
    let id: string | undefined;
    for await (const { stream, aux } of await imageBuild(engine.client, context, options)) {
      log += stream ?? "";
      id = aux?.ID ?? id;
    }
    assertStringIncludes(log, "Step 1/");
    const image = await imageInspect(engine.client, tag);
    assertEquals(image.Id, id);
    assertEquals(image.Config?.Labels?.extra, "yes");
    const { Id } = await containerCreate(engine.client, { Image: tag, Labels: engine.labels });
    const { body } = await archiveGet(engine.client, Id, "/word");
    for await (const entry of readTar(body)) {
      assertEquals(await readText(entry.readable), "from an argument\n");
    }

    const failing = writeTar([tarFile("Docker.file", `FROM ${engine.image}\nRUN exit 7\n`)]);
    const failed = await assertRejects(
      async () => {
        for await (const _ of await imageBuild(engine.client, failing, options));
      },
      EngineError,
      "returned a non-zero code: 7",
    );
    assertEquals(failed.kind, "server_error");
    const bad = writeTar([tarFile("other", "x")]);
    await assertRejects(() => imageBuild(engine.client, bad, options), EngineError, "Docker.file");
  },
});

Deno.test({
  name: "imagePull() reports that an image cannot be pulled",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    // Nothing listens there, so the engine fails without leaving the machine.
    await assertRejects(
      async () => {
        for await (const _ of await imagePull(engine.client, "127.0.0.1:9/no/image"));
      },
      EngineError,
      "127.0.0.1:9",
    );
  },
});
