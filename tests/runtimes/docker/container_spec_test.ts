import { assertEquals, assertNotEquals } from "@std/assert";
import {
  containerSpec,
  type ContainerSpecOptions,
  KEEPER_USER,
  SANDBOX_USER,
  SERVER_LABEL,
} from "../../../src/runtimes/docker/container_spec.ts";

const OPTIONS: ContainerSpecOptions = {
  name: "codebeaker-1",
  image: "sha256:abc",
  serverId: "server-1",
  limits: { memoryLimitMB: 512, cpuShares: 1024, cpus: 1.5, pidsLimit: 256 },
  diskLimitMB: 1024,
  diskQuota: false,
  network: "none",
  readOnlyRoot: false,
  tmpMB: 64,
  agentVolume: "codebeaker-agent-1",
};

Deno.test("containerSpec() bounds and confines everything", () => {
  const spec = containerSpec(OPTIONS);
  const host = spec.HostConfig!;
  assertEquals(host.CapDrop, ["ALL"]);
  assertEquals(host.CapAdd, undefined);
  // No seccomp profile is named: the engine's default stays.
  assertEquals(host.SecurityOpt, ["no-new-privileges:true"]);
  assertEquals(host.Privileged, undefined);
  assertEquals(host.NetworkMode, "none");
  assertEquals([host.Memory, host.MemorySwap], [512 * 2 ** 20, 512 * 2 ** 20]);
  assertEquals([host.CpuShares, host.NanoCpus, host.PidsLimit], [1024, 1.5e9, 256]);
  assertEquals(host.LogConfig, { Type: "none" });
  assertEquals([host.Init, host.IpcMode], [true, "private"]);
  assertEquals(host.Tmpfs, { "/tmp": "rw,nosuid,nodev,exec,mode=1777,size=64m" });
  assertEquals(host.Ulimits?.find(({ Name }) => Name === "core"), {
    Name: "core",
    Soft: 0,
    Hard: 0,
  });
  assertEquals(
    host.Ulimits?.find(({ Name }) => Name === "fsize")?.Hard,
    1024 * 2 ** 20,
  );
  assertEquals(spec.Labels, { [SERVER_LABEL]: "server-1" });
  assertEquals(host.RestartPolicy, undefined);
});

Deno.test("containerSpec() mounts nothing of the host and the agent read-only", () => {
  const { Mounts } = containerSpec(OPTIONS).HostConfig!;
  assertEquals(Mounts?.map(({ Type, Source, ReadOnly }) => [Type, Source, ReadOnly]), [
    ["volume", "codebeaker-agent-1", true],
  ]);
  const { agentVolume: _, ...without } = OPTIONS;
  assertEquals(containerSpec(without).HostConfig?.Mounts, []);
});

Deno.test("containerSpec() keeps the container alive as somebody that code cannot end", () => {
  const spec = containerSpec(OPTIONS);
  assertEquals(spec.User, KEEPER_USER);
  assertNotEquals(KEEPER_USER, SANDBOX_USER);
  assertEquals(spec.User?.startsWith("0"), false);
  assertEquals(spec.Entrypoint?.[0], "sleep");
  assertEquals(
    containerSpec({ ...OPTIONS, withoutSleep: true }).Entrypoint?.[0],
    "/codebeaker/deno",
  );
});

Deno.test("containerSpec() gives a read-only root writable volumes of its own", () => {
  const host = containerSpec({ ...OPTIONS, readOnlyRoot: true }).HostConfig!;
  assertEquals(host.ReadonlyRootfs, true);
  assertEquals(
    host.Mounts?.filter(({ ReadOnly }) => ReadOnly !== true).map(({ Source, Target }) => [
      Source,
      Target,
    ]),
    [[undefined, "/workspace"], [undefined, "/home/codebeaker"]],
  );
});

Deno.test("containerSpec() names runtime and quota only where they are wanted", () => {
  assertEquals(containerSpec(OPTIONS).HostConfig?.Runtime, undefined);
  assertEquals(containerSpec(OPTIONS).HostConfig?.StorageOpt, undefined);
  const spec = containerSpec({ ...OPTIONS, runtime: "runsc", diskQuota: true });
  assertEquals(spec.HostConfig?.Runtime, "runsc");
  assertEquals(spec.HostConfig?.StorageOpt, { size: "1024M" });
});
