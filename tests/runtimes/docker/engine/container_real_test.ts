import { assert, assertEquals, assertRejects } from "@std/assert";
import { containerCreate } from "../../../../src/runtimes/docker/engine/container_create.ts";
import { containerInspect } from "../../../../src/runtimes/docker/engine/container_inspect.ts";
import { containerKill } from "../../../../src/runtimes/docker/engine/container_kill.ts";
import { containerList } from "../../../../src/runtimes/docker/engine/container_list.ts";
import { containerRemove } from "../../../../src/runtimes/docker/engine/container_remove.ts";
import { containerRestart } from "../../../../src/runtimes/docker/engine/container_restart.ts";
import { containerStart } from "../../../../src/runtimes/docker/engine/container_start.ts";
import { containerUpdate } from "../../../../src/runtimes/docker/engine/container_update.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { RealEngine } from "./real_engine.ts";

const docker = await requirement("docker");

Deno.test({
  name: "the endpoints about containers take one through its life",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const { client, filters } = engine;
    const { Id } = await containerCreate(client, {
      name: `${engine.id}-life`,
      Image: engine.image,
      Cmd: ["sleep", "600"],
      Env: ["A=1"],
      Labels: engine.labels,
      WorkingDir: "/tmp",
      HostConfig: {
        NetworkMode: "none",
        Memory: 64 * 1024 * 1024,
        MemorySwap: 64 * 1024 * 1024,
        NanoCpus: 500_000_000,
        PidsLimit: 32,
        CapDrop: ["ALL"],
        SecurityOpt: ["no-new-privileges"],
        Ulimits: [{ Name: "nofile", Soft: 64, Hard: 64 }],
        Tmpfs: { "/tmp": "size=1m" },
        LogConfig: { Type: "none" },
      },
    });
    assertEquals(await containerList(client, { filters }), []);
    const [listed] = await containerList(client, { all: true, filters });
    assertEquals(listed?.Names, [`/${engine.id}-life`]);
    assertEquals(listed?.State, "created");

    await containerStart(client, Id);
    await containerStart(client, Id);
    const running = await containerInspect(client, Id, { size: true });
    assertEquals(running.State.Running, true);
    assertEquals(running.HostConfig.Memory, 64 * 1024 * 1024);
    assertEquals(running.HostConfig.PidsLimit, 32);
    assertEquals(typeof running.SizeRw, "number");
    assertEquals((await containerInspect(client, Id)).SizeRw, undefined);

    await containerUpdate(client, Id, { NanoCpus: 250_000_000, PidsLimit: 16 });
    assertEquals((await containerInspect(client, Id)).HostConfig.PidsLimit, 16);

    const { Pid } = (await containerInspect(client, Id)).State;
    await containerRestart(client, Id);
    const restarted = await containerInspect(client, Id);
    assertEquals(restarted.State.Running, true);
    assert(restarted.State.Pid !== Pid);

    await containerKill(client, Id);
    const again = await assertRejects(() => containerKill(client, Id), EngineError);
    assertEquals(again.kind, "conflict");
    await containerRemove(client, Id);
    await containerRemove(client, Id);
    const gone = await assertRejects(() => containerInspect(client, Id), EngineError);
    assertEquals([gone.kind, gone.status], ["not_found", 404]);
  },
});

Deno.test({
  name: "containerRemove() counts a removal by somebody else as done",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const id = await engine.container();
    await Promise.all(
      Array.from({ length: 4 }, () => containerRemove(engine.client, id, { force: true })),
    );
    assertEquals(await containerList(engine.client, { all: true, filters: engine.filters }), []);
  },
});

Deno.test({
  name: "containerCreate() passes on what the engine says about a bad request",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const missing = await assertRejects(
      () => containerCreate(engine.client, { Image: `${engine.id}:none` }),
      EngineError,
      "No such image",
    );
    assertEquals(missing.kind, "not_found");
    const bad = await assertRejects(
      () => containerCreate(engine.client, { Image: engine.image, HostConfig: { Memory: 1 } }),
      EngineError,
      "memory limit",
    );
    assertEquals(bad.kind, "bad_request");
  },
});
