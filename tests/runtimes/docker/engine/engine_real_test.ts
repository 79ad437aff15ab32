import { assert, assertEquals } from "@std/assert";
import { engineInfo } from "../../../../src/runtimes/docker/engine/engine_info.ts";
import { enginePing } from "../../../../src/runtimes/docker/engine/engine_ping.ts";
import { engineVersion } from "../../../../src/runtimes/docker/engine/engine_version.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { RealEngine } from "./real_engine.ts";

const docker = await requirement("docker");

Deno.test({
  name: "the endpoints about the engine answer",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    await enginePing(engine.client);
    const version = await engineVersion(engine.client);
    assertEquals(version.Os, "linux");
    const info = await engineInfo(engine.client);
    assertEquals(info.ServerVersion, version.Version);
    assert(info.NCPU > 0 && info.MemTotal > 0);
    assert(info.DefaultRuntime in info.Runtimes);
  },
});
