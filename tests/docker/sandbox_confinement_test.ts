import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { MethodInput } from "../../src/protocol/methods.ts";
import type { Requirement } from "../testutil/requirement.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { runProgram } from "../testutil/run_program.ts";
import { startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { docker, DOCKER_ENV, dockerServer, dockerWith } from "./docker_server.ts";
import { leakCheck, script, stdoutOf } from "./sandbox_attack.ts";

const IMAGE = "codebeaker-python:latest";
const requirement = await dockerWith(IMAGE);
const leaks = leakCheck(requirement);
const server = dockerServer(requirement, { env: { CODEBEAKER_CONTAINER_SPARES: "1" } });
const bridge = await bridgeRequirement();

/** Some engines run without a bridge. */
async function bridgeRequirement(): Promise<Requirement> {
  if (requirement.ignore) return requirement;
  const { code } = await runProgram("docker", [
    ...["run", "--rm", "--network", "bridge", "--entrypoint", "true", IMAGE],
  ]);
  if (code === 0) return { ignore: false };
  await Deno.stderr.write(new TextEncoder().encode("Skipping the bridge: the engine has none\n"));
  return { ignore: true };
}

async function withPython(
  run: (session: TestSession) => Promise<void>,
  params: Partial<MethodInput<"session.create">> = {},
): Promise<void> {
  await leaks(server.process);
  await server.withSession(run, { language: "python", ...params });
}

async function refusal(params: Record<string, unknown>) {
  await using client = await server.connect();
  return await client.requestError("session.create", { language: "python", ...params });
}

Deno.test({
  ...requirement,
  name: "code in a container is nobody, has no capability and cannot get one",
  async fn() {
    await withPython(async (session) => {
      assertEquals(
        stdoutOf(await session.shell("id")).trim(),
        "uid=65532(codebeaker) gid=65532(codebeaker) groups=65532(codebeaker)",
      );
      const status = stdoutOf(await session.shell("cat", ["/proc/self/status"]));
      for (const set of ["CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"]) {
        assertMatch(status, new RegExp(`^${set}:\\s+0{16}$`, "m"));
      }
      assertMatch(status, /^NoNewPrivs:\s+1$/m);
      assertMatch(status, /^Seccomp:\s+2$/m);
      assertMatch(status, /^Groups:\s+65532\s*$/m);
    });
  },
});

Deno.test({
  ...requirement,
  name: "programs with the setuid bit give code in a container nothing",
  async fn() {
    await withPython(async (session) => {
      const found = stdoutOf(await script(session, "find / -xdev -perm /6000 -type f 2>/dev/null"));
      assertStringIncludes(found, "/usr/bin/su");
      for (
        const attempt of [
          "echo | su -c id root",
          "mount -t tmpfs none /tmp",
          "unshare -Ur id",
          "unshare -m id",
          "nsenter -t 1 -m id",
          "chroot / id",
          "newgrp root </dev/null",
          "python3 -c 'import os; os.setuid(0)'",
          "mknod /tmp/disk b 8 0",
          "dmesg",
          "cp /bin/bash /tmp/b && chmod 4755 /tmp/b && /tmp/b -p -c 'test \"$(id -u)\" = 0'",
        ]
      ) {
        const { exitCode, success } = await script(session, attempt);
        assertEquals([attempt, success, exitCode === 0], [attempt, false, false]);
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "a session without the network reaches nothing and asks no name server",
  async fn() {
    const gateway = await runProgram("docker", [
      ...["network", "inspect", "-f", "{{range .IPAM.Config}}{{.Gateway}}{{end}}", "bridge"],
    ]);
    await withPython(async (session) => {
      const code = `
import os, socket, sys
print(sorted(os.listdir("/sys/class/net")))
def attempt(name, action):
    try:
        action()
        print(name, "REACHED")
    except OSError: print(name, "refused")
def connect(family, address):
    with socket.socket(family) as s:
        s.settimeout(3)
        s.connect(address)
for host in ["169.254.169.254", sys.argv[1] or "172.17.0.1", "1.1.1.1"]:
    for port in [80, 2375]: attempt(f"tcp {host}", lambda: connect(socket.AF_INET, (host, port)))
attempt("tcp6", lambda: connect(socket.AF_INET6, ("fd00:ec2::254", 80)))
attempt("dns", lambda: socket.getaddrinfo("example.com", 80))
query = bytes.fromhex("123401000001000000000000076578616d706c6503636f6d0000010001")
attempt("udp", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(query, ("8.8.8.8", 53)))
attempt("raw", lambda: socket.socket(socket.AF_INET, socket.SOCK_RAW, 1))
attempt("packet", lambda: socket.socket(socket.AF_PACKET, socket.SOCK_RAW))
attempt("vsock", lambda: connect(socket.AF_VSOCK, (2, 1)))
attempt("ping", lambda: socket.socket(socket.AF_INET, socket.SOCK_DGRAM, 1).sendto(b"", ("8.8.8.8", 0)))
`;
      const output = await session.output(code, { args: [gateway.stdout.trim()] });
      assertEquals(output.split("\n")[0], "['lo']");
      assertEquals(output.match(/refused/g)?.length, 13, output);
      assertEquals(output.includes("REACHED"), false, output);
    });
  },
});

Deno.test({
  ...requirement,
  name: "a container has nothing of the host in it, and no engine",
  async fn() {
    await withPython(async (session) => {
      const mounts = stdoutOf(await session.shell("cat", ["/proc/mounts"])).trim().split("\n")
        .map((line) => line.split(" ") as [string, string, string, string])
        .map(([source, target, type, options]) => ({ source, target, type, options }));
      const kernel = /^\/(?:proc|sys|dev)(?:\/|$)/;
      const others = mounts.filter(({ target }) => !kernel.test(target)).map((m) => m.target);
      // The files below /etc and the init are the engine's own, of this container alone.
      const own = ["/", "/codebeaker", "/etc/hostname", "/etc/hosts", "/etc/resolv.conf", "/tmp"];
      assertEquals(others.filter((target) => !target.endsWith("/docker-init")).sort(), own);
      const optionsOf = (target: string) =>
        mounts.find((mount) => mount.target === target)?.options.split(",") ?? [];
      assert(optionsOf("/codebeaker").includes("ro"));
      for (const option of ["nosuid", "nodev"]) assert(optionsOf("/tmp").includes(option), option);
      const sockets = "find / -type s -not -path '/proc/*' 2>/dev/null; ls /var/run/docker.sock";
      assertEquals(stdoutOf(await script(session, sockets)), "");
      const blocks = stdoutOf(await script(session, "find /dev -type b"));
      assertEquals(blocks, "");
    });
  },
});

Deno.test({
  ...requirement,
  name: "code in a container writes to its own directories and nowhere else",
  async fn() {
    await withPython(async (session) => {
      const found = await script(
        session,
        "find / -xdev -writable -type d 2>/dev/null; find /dev /run /sys /codebeaker -writable -type d 2>/dev/null",
      );
      const directories = [...new Set(stdoutOf(found).trim().split("\n"))]
        .filter((path) => !path.startsWith("/home/codebeaker/")).sort();
      // The four at the front are for everybody in every image; what is in them goes with the container.
      const everybodys = ["/dev/mqueue", "/dev/shm", "/run/lock", "/var/tmp"];
      assertEquals(
        directories.filter((path) => !everybodys.includes(path)),
        ["/home/codebeaker", "/tmp", "/workspace"],
      );
      for (
        const path of [
          ...["/usr/bin/x", "/etc/passwd", "/etc/ld.so.preload", "/x", "/root/x", "/codebeaker/x"],
          ...["/codebeaker/deno", "/codebeaker/agent/main.ts", "/codebeaker/cache/x"],
          ...["/proc/sys/kernel/core_pattern", "/proc/sys/kernel/hostname", "/proc/sysrq-trigger"],
          ...["/sys/fs/cgroup/memory/memory.limit_in_bytes", "/sys/fs/cgroup/memory.max"],
          ...["/sys/fs/cgroup/pids/pids.max", "/sys/kernel/profiling", "/proc/1/mem"],
        ]
      ) {
        const { exitCode } = await script(session, `echo 1 >> ${path}`);
        assertEquals([path, exitCode === 0], [path, false]);
      }
      const { exitCode, result } = await session.shell("cat", ["/codebeaker/deno"]);
      assertEquals([exitCode, (result as { stdout: string }).stdout], [1, ""]);
    });
  },
});

Deno.test({
  ...requirement,
  name: "code in a container has limits on its files and leaves no core dump",
  async fn() {
    await withPython(async (session) => {
      const limits = stdoutOf(await session.shell("cat", ["/proc/self/limits"]));
      assertMatch(limits, /^Max core file size +0 +0 +bytes/m);
      assertMatch(limits, /^Max open files +4096 +4096 +files/m);
      assertMatch(limits, /^Max file size +1073741824 +1073741824 +bytes/m);
      const crash = await session.code("import os; os.abort()");
      assertEquals([crash.status, crash.signal], ["signaled", "SIGABRT"]);
      const { result } = await session.execute({ type: "list_directory" });
      assertEquals((result as { entries: unknown[] }).entries, []);
      const raise = "import resource as r; r.setrlimit(r.RLIMIT_NOFILE, (9999, 9999))";
      assertEquals((await session.code(raise)).status, "nonzero_exit");
    });
  },
});

Deno.test({
  ...requirement,
  name: "diskLimitMB bounds each file of a session, whichever container it got",
  async fn() {
    await withPython(async (session) => {
      const limits = stdoutOf(await session.shell("cat", ["/proc/self/limits"]));
      assertMatch(limits, /^Max file size +20971520 +20971520 +bytes/m);
      const answer = await session.code("open('big', 'wb').write(b'x' * 30_000_000)");
      assertEquals([answer.success, answer.status], [false, "nonzero_exit"]);
      assertStringIncludes(String(answer.error), "File too large");
    }, { diskLimitMB: 20 });
  },
});

Deno.test({
  ...requirement,
  name: "the engine is told to confine a container",
  async fn() {
    await withPython(async ({ created }) => {
      const text = await docker("inspect", created.containerId);
      const [{ HostConfig: host, Config: config, Mounts: mounts, NetworkSettings: network }] = JSON
        .parse(text);
      assertEquals(host.CapDrop, ["ALL"]);
      assertEquals(host.CapAdd, null);
      assertEquals(host.Privileged, false);
      assertEquals(host.SecurityOpt, ["no-new-privileges:true"]);
      assertEquals([host.Memory, host.MemorySwap], [100 * 2 ** 20, 100 * 2 ** 20]);
      assertEquals(host.PidsLimit, 77);
      assertEquals(host.LogConfig.Type, "none");
      assertEquals(host.Init, true);
      assertEquals([host.NetworkMode, Object.keys(network.Networks)], ["none", ["none"]]);
      assertEquals([host.IpcMode, host.PidMode, host.UTSMode], ["private", "", ""]);
      assertEquals(host.RestartPolicy.Name.replace("no", ""), "");
      assertEquals([host.Binds, host.Devices, host.VolumesFrom], [null, null, null]);
      assert(host.MaskedPaths.includes("/proc/kcore"));
      assert(host.ReadonlyPaths.includes("/proc/sys"));
      assertEquals(host.OomScoreAdj > 0, true);
      assertEquals(
        mounts.map(({ Type, Destination, RW }: Record<string, unknown>) => [Type, Destination, RW]),
        [["volume", "/codebeaker", false]],
      );
      assertEquals(config.User, "65531:65531");
      assertEquals(config.ExposedPorts, undefined);
    }, { memoryLimitMB: 100, pidsLimit: 77 });
  },
});

Deno.test({
  ...bridge,
  name: "a session that asks for the network is on the engine's bridge",
  async fn() {
    await withPython(async (session) => {
      const format = "{{.HostConfig.NetworkMode}} {{json .NetworkSettings.Networks}}";
      const text = await docker("inspect", "-f", format, session.created.containerId);
      assertMatch(text, /^bridge \{"bridge":/);
      const interfaces = stdoutOf(await session.shell("ls", ["/sys/class/net"]));
      assertStringIncludes(interfaces, "eth0");
    }, { network: true });
  },
});

Deno.test({
  ...requirement,
  name: "--docker-network none grants nobody the network",
  async fn() {
    await using other = await startServer({ env: DOCKER_ENV, flags: ["--docker-network", "none"] });
    await leaks(other);
    await using client = await RpcClient.connect(other.wsUrl);
    const { code, message } = await client.requestError("session.create", {
      language: "python",
      network: true,
    });
    assertEquals(code, -32602);
    assertStringIncludes(message, "network: This server grants no network (--docker-network)");
    // Without it there are sessions as ever.
    await using session = await TestSession.open(client, { language: "python" });
    assertEquals(await session.output("print(1)"), "1");
  },
});

Deno.test({
  ...requirement,
  name: "session.create refuses for Docker what does not apply or cannot be",
  async fn() {
    const permissions = await refusal({ permissions: { allowNet: true } });
    assertEquals(permissions.code, -32602);
    assertStringIncludes(permissions.message, "permissions: Applies to deno sessions only");
    const memory = await refusal({ memoryLimitMB: 63 });
    assertEquals(memory.code, -32602);
    assertStringIncludes(memory.message, "memoryLimitMB: Expected at least 64");
    for (const env of [{ "A=B": "x" }, { A: "x\0y" }]) {
      assertEquals((await refusal({ env })).code, -32602);
    }
    await withPython(async (session) => {
      assertEquals(await session.output("print(1)"), "1");
    }, { memoryLimitMB: 64 });
  },
});

Deno.test({
  ...requirement,
  name: "session.create refuses processors that the machine does not have, by their name",
  async fn() {
    for (const cpus of [1000, 0.001]) {
      const { code, data } = await refusal({ cpus });
      assertEquals([cpus, code], [cpus, -32602]);
      assertEquals((data.issues as { path: string[] }[])[0]?.path, ["cpus"]);
    }
  },
});

Deno.test({
  ...requirement,
  name:
    "session.create refuses a pidsLimit with which nothing can run, and any other runs something",
  async fn() {
    await using client = await server.connect();
    for (const pidsLimit of [1, 2, 8, 16, 20]) {
      const { error, result } = await client.call("session.create", {
        language: "python",
        pidsLimit,
      });
      if (error !== undefined) {
        assertEquals([pidsLimit, error.code, error.message], [pidsLimit, -32602, error.message]);
        continue;
      }
      const { sessionId } = result as { sessionId: string };
      const { status } = await client.request("session.execute", {
        sessionId,
        command: { type: "execute_shell", commandName: "echo", args: ["hi"] },
      });
      assertEquals([pidsLimit, status], [pidsLimit, "ok"]);
      await client.call("session.close", { sessionId });
    }
  },
});

Deno.test({
  ...requirement,
  name: "session.create takes an image of the allowed patterns and no other",
  async fn() {
    for (
      const dockerImage of ["alpine", "docker.io/library/alpine:latest", "evil/codebeaker-python"]
    ) {
      const { code, message } = await refusal({ dockerImage });
      assertEquals(code, -32602);
      assertStringIncludes(message, `Image "${dockerImage}" is not allowed here`);
      assertStringIncludes(message, "allowed are codebeaker-*");
      assertStringIncludes(message, "--docker-images");
    }
    await withPython(async (session) => {
      assertEquals(await session.output("print(1)"), "1");
    }, { dockerImage: "codebeaker-python" });
  },
});

Deno.test({
  ...requirement,
  name: "session.create says how to get an image that is missing",
  async fn() {
    const { code, message, data } = await refusal({ dockerImage: "codebeaker-nowhere:1" });
    assertEquals([code, data.reason], [-32003, "runtime_unavailable"]);
    assertStringIncludes(
      message,
      'the Docker engine has no image "codebeaker-nowhere:1": build it',
    );
  },
});

Deno.test({
  ...requirement,
  name: "session.create refuses what is no name of an image",
  async fn() {
    for (
      const dockerImage of [
        ...["", " ", "codebeaker-x y", "codebeaker-x;id", "codebeaker-x\n", "-codebeaker-x"],
        ...["../codebeaker-x", "codebeaker-x/../y", "codebeaker-x//y", "codebeaker-x?all=1"],
        ...["codebeaker-x#y", "codebeaker-%2e%2e", "CODEBEAKER-X", "codebeaker-x@sha256:abc"],
        ...["codebeaker-x\0", "codebeaker-\u202Ex", `codebeaker-${"x".repeat(5000)}`],
      ]
    ) {
      const { code } = await refusal({ dockerImage });
      assertEquals([dockerImage.slice(0, 50), code], [dockerImage.slice(0, 50), -32602]);
    }
  },
});

Deno.test({
  ...requirement,
  name: "session.create refuses what looks like the name of an image but is none",
  async fn() {
    for (
      const dockerImage of [
        "codebeaker-x:tag:tag",
        "codebeaker-X",
        "codebeaker-",
      ]
    ) {
      const { code } = await refusal({ dockerImage });
      assertEquals([dockerImage, code], [dockerImage, -32602]);
    }
  },
});
