import { ConfigSchema } from "../../src/config/schema.ts";
import { AGENT_DIRECTORY, containerSpec } from "../../src/runtimes/docker/container_spec.ts";
import { containerCreate } from "../../src/runtimes/docker/engine/container_create.ts";
import { containerInspect } from "../../src/runtimes/docker/engine/container_inspect.ts";
import { containerRemove } from "../../src/runtimes/docker/engine/container_remove.ts";
import { containerStart } from "../../src/runtimes/docker/engine/container_start.ts";
import type { BenchClient } from "../_client.ts";
import { createDockerSession, type DockerBench, startDockerBench } from "../_docker_bench.ts";
import { type BenchRow, finishRow, interleave } from "../_harness.ts";
import { closeSessions } from "../_hello.ts";
import { countHits, restUntilSpare } from "../_spares.ts";
import { timed } from "../_timing.ts";

const REMOVE_MS = 30_000;

/** A session whose container was started ahead. */
export const createFromPool: BenchRow = {
  id: "create",
  summary: "session.create from the pool",
  async run(context) {
    const { signal, quick } = context;
    const config = ConfigSchema.parse({});
    await using bench = await startDockerBench(context, { spares: config.containerSpares });
    const { client } = bench;
    const makeSpec = await specMaker(bench);
    const hits = await countHits(client, "docker");
    const ours = async () => {
      await restUntilSpare(client, signal, "docker");
      let sessionId = "";
      const milliseconds = await timed(async () => {
        ({ sessionId } = await client.call("session.create", { language: "python" }));
      });
      await useOnce(client, sessionId);
      await closeSessions(client, [sessionId]);
      return milliseconds;
    };
    const baseline = async () => {
      await restUntilSpare(client, signal, "docker");
      const spec = makeSpec();
      let id = "";
      const milliseconds = await timed(async () => {
        ({ Id: id } = await containerCreate(bench.engine, spec, { signal }));
        await containerStart(bench.engine, id, { signal });
      });
      const options = { force: true, volumes: true, timeoutMs: REMOVE_MS };
      await containerRemove(bench.engine, id, options);
      return milliseconds;
    };
    const figures = await interleave(context, { ours, baseline }, {
      rounds: quick ? 8 : 40,
      warmups: 3,
    });
    return finishRow({
      id: this.id,
      title: "`session.create` of a Python session whose container was started ahead",
      against: "create and start of the same container by the engine",
      unit: "ms",
      reach: { atMost: 1 / 10 },
      notes: [await hits()],
    }, figures);
  },
};

/** Makes specs of containers that are like those of the server's sessions. */
async function specMaker({ client, engine, imageId, ownId }: DockerBench) {
  const { sessionId, containerId } = await createDockerSession(client);
  const { Mounts } = await containerInspect(engine, containerId);
  const { config } = await client.call("session.get", { sessionId });
  const { runtimes } = await client.call("runtime.list", {});
  await closeSessions(client, [sessionId]);
  const disk = runtimes.find(({ name }) => name === "docker")?.limits["disk"] ?? "";
  const defaults = ConfigSchema.parse({});
  return () =>
    containerSpec({
      name: `codebeaker-bench-${crypto.randomUUID()}`,
      image: imageId,
      serverId: ownId,
      limits: {
        memoryLimitMB: config.memoryLimitMB,
        cpuShares: config.cpuShares ?? 1024,
        cpus: config.cpus ?? defaults.cpus,
        pidsLimit: config.pidsLimit ?? defaults.pidsLimit,
      },
      diskLimitMB: config.diskLimitMB ?? defaults.diskLimitMB,
      diskQuota: disk.startsWith("enforced"),
      network: "none",
      readOnlyRoot: defaults.dockerReadOnlyRoot,
      tmpMB: defaults.dockerTmpMB,
      agentVolume: Mounts.find(({ Destination }) => Destination === AGENT_DIRECTORY)?.Name,
    });
}

/** A session that cannot be used was not created. */
async function useOnce(client: BenchClient, sessionId: string): Promise<void> {
  const command = { type: "execute_shell", commandName: "/bin/true" } as const;
  const { success, error } = await client.call("session.execute", { sessionId, command });
  if (!success) throw new Error(`Cannot use the session that was created: ${error}`);
}
