import { assertEquals, assertRejects } from "@std/assert";
import { archivePut } from "../../../../src/runtimes/docker/engine/archive_put.ts";
import { containerRemove } from "../../../../src/runtimes/docker/engine/container_remove.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { writeTar } from "../../../../src/runtimes/tar/tar_writer.ts";
import { volumeCreate } from "../../../../src/runtimes/docker/engine/volume_create.ts";
import { volumeInspect } from "../../../../src/runtimes/docker/engine/volume_inspect.ts";
import { volumeList } from "../../../../src/runtimes/docker/engine/volume_list.ts";
import { volumeRemove } from "../../../../src/runtimes/docker/engine/volume_remove.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { RealEngine } from "./real_engine.ts";
import { run } from "./real_run.ts";
import { tarFile } from "./tar_file.ts";

const docker = await requirement("docker");

Deno.test({
  name: "the endpoints about volumes make, show, mount and remove one",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const { client, filters } = engine;
    const name = `${engine.id}-volume`;
    const made = await volumeCreate(client, { Name: name, Labels: engine.labels });
    assertEquals((await volumeInspect(client, name)).Name, made.Name);
    assertEquals((await volumeList(client, { filters })).map(({ Name }) => Name), [name]);
    const container = await engine.container({
      Mounts: [{ Type: "volume", Source: name, Target: "/data", VolumeOptions: { NoCopy: true } }],
    });
    await archivePut(client, container, "/data", writeTar([tarFile("kept", "here")]));
    const used = await assertRejects(() => volumeRemove(client, name), EngineError, "in use");
    assertEquals(used.kind, "conflict");
    await containerRemove(client, container, { force: true });
    const reader = await engine.container({
      Mounts: [{ Type: "volume", Source: name, Target: "/data", ReadOnly: true }],
    });
    const { stdout } = await run(engine, reader, { Cmd: ["cat", "/data/kept"] });
    assertEquals(stdout, "here");
    await containerRemove(client, reader, { force: true });
    await volumeRemove(client, name);
    await volumeRemove(client, name, { force: true });
    const none = await assertRejects(() => volumeRemove(client, name), EngineError);
    assertEquals(none.kind, "not_found");
  },
});
