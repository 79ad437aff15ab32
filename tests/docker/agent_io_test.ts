import { agentLauncher } from "../../src/agent/agent_launcher.ts";
import { AgentLink } from "../../src/agent/agent_link.ts";
import { agentSources } from "../../src/agent/agent_sources.ts";
import { findDeno } from "../../src/runtimes/deno_binary.ts";
import { AgentExec } from "../../src/runtimes/docker/agent_exec.ts";
import { AgentIo } from "../../src/runtimes/docker/agent_io.ts";
import { fillAgentVolume } from "../../src/runtimes/docker/agent_volume.ts";
import { containerRestart } from "../../src/runtimes/docker/engine/container_restart.ts";
import { containerIoSuite, MAX_FILE_BYTES } from "./container_io_suite.ts";
import { type EngineFixture, testImage, type TestLimits } from "./engine_fixture.ts";

const found = await testImage();

/** As the runtime does it: an agent that code keeps from starting takes the end of all that runs. */
async function connect(fixture: EngineFixture, id: string): Promise<AgentIo> {
  try {
    return await start(fixture, id);
  } catch {
    await containerRestart(fixture.engine, id);
    return await start(fixture, id);
  }
}

async function start({ engine }: EngineFixture, id: string): Promise<AgentIo> {
  const link = await AgentLink.open(await AgentExec.start(engine, id), {
    timeoutMs: 5000,
    silenceMs: 2000,
    answerMs: 2000,
  });
  return new AgentIo(link, { maxFileBytes: MAX_FILE_BYTES });
}

async function agentVolume({ engine }: EngineFixture): Promise<string> {
  const deno = await findDeno(undefined);
  if (typeof deno === "string") throw new Error(deno);
  const { arch } = Deno.build;
  const content = { deno, sources: agentSources(), launcher: agentLauncher(arch), arch };
  return await fillAgentVolume(engine, found.image, content, { serverId: "test" });
}

containerIoSuite("AgentIo", {
  ...found,
  connect,
  container: async (fixture, limits: TestLimits = {}) =>
    await fixture.container(found.image, { ...limits, agentVolume: await agentVolume(fixture) }),
});
