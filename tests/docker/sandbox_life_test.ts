import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { join } from "@std/path";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import { type RpcCallError, RpcClient, type RpcMessage } from "../testutil/rpc_client.ts";
import { type ServerProcess, startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { docker, DOCKER_ENV, dockerServer, dockerWith } from "./docker_server.ts";
import {
  containerGone,
  containersOf,
  hasContainer,
  leakCheck,
  script,
  serverId,
  stdoutOf,
} from "./sandbox_attack.ts";

const IMAGE = "codebeaker-python:latest";
const WAIT_MS = 30_000;
const requirement = await dockerWith(IMAGE);
const leaks = leakCheck(requirement);
const env = { ...DOCKER_ENV, CODEBEAKER_CONTAINER_SPARES: "1" };
const server = dockerServer(requirement, { env });

async function connect(to: ServerProcess = server.process): Promise<RpcClient> {
  await leaks(to);
  return await RpcClient.connect(to.wsUrl);
}

function sleeping(session: TestSession, client: RpcClient): Promise<RpcMessage> {
  return client.call("session.execute", {
    sessionId: session.id,
    command: { type: "execute_shell", commandName: "sh", args: ["-c", "echo begun; sleep 60"] },
    stream: true,
    timeoutMs: 25_000,
  });
}

async function begun(session: TestSession, client: RpcClient): Promise<void> {
  await client.nextNotification("session.output", session.id);
}

/** What a client reads of a command whose container went away under it. */
function assertLost({ error, result }: RpcMessage, container: "removed" | "stopped"): void {
  const text = error?.message ?? String((result as CommandEnvelope).error);
  if (error === undefined) {
    assertEquals((result as CommandEnvelope).status, "session_lost");
  } else {
    assertEquals([error.code, error.data?.closeReason], [-32007, "runtime_failure"]);
  }
  assertEquals(text.includes("still there"), false, `${text} (its container was ${container})`);
}

const ENDS = [
  { command: ["rm", "-f"], container: "removed" },
  { command: ["kill"], container: "stopped" },
  { command: ["stop", "-t", "1"], container: "stopped" },
] as const;

for (const { command, container } of ENDS) {
  Deno.test({
    ...requirement,
    name: `docker ${command.join(" ")} of an idle session's container closes the session`,
    async fn() {
      await using client = await connect();
      await using session = await TestSession.open(client, { language: "python" });
      await docker(...command, session.created.containerId);
      const { reason } = await client.nextNotification("session.closed", session.id);
      assertEquals(reason, "runtime_failure");
      const { code } = await client.requestError("session.execute", {
        sessionId: session.id,
        command: { type: "list_directory" },
      });
      assertEquals(code, -32001);
      await containerGone(session.created.containerId);
    },
  });

  Deno.test({
    ...requirement,
    name: `docker ${command.join(" ")} while a command runs is what its answer tells of`,
    async fn() {
      await using client = await connect();
      await using session = await TestSession.open(client, { language: "python" });
      const running = sleeping(session, client);
      await begun(session, client);
      await docker(...command, session.created.containerId);
      const answer = await running;
      const { reason } = await client.nextNotification("session.closed", session.id);
      assertEquals(reason, "runtime_failure");
      assertLost(answer, container);
      await containerGone(session.created.containerId);
    },
  });
}

Deno.test({
  ...requirement,
  name: "docker restart of a container costs the running command, not the session",
  async fn() {
    await using client = await connect();
    await using session = await TestSession.open(client, { language: "python" });
    await session.write("keep.txt", "kept");
    const running = sleeping(session, client);
    await begun(session, client);
    await docker("restart", "-t", "0", session.created.containerId);
    assertEquals(((await running).result as CommandEnvelope).status, "session_lost");
    assertEquals(await session.read("keep.txt"), "kept");
    assertEquals(await session.output("print(1)"), "1");
  },
});

Deno.test({
  ...requirement,
  name: "docker pause ends commands by their deadline, and closing removes the container",
  async fn() {
    await using client = await connect();
    for (const isRunning of [true, false]) {
      await using session = await TestSession.open(client, { language: "python" });
      const execute = () =>
        client.call("session.execute", {
          sessionId: session.id,
          command: {
            type: "execute_shell",
            commandName: "sh",
            args: ["-c", "echo begun; sleep 60"],
          },
          stream: true,
          timeoutMs: 2000,
        });
      let answer = isRunning ? execute() : undefined;
      if (isRunning) await begun(session, client);
      await docker("pause", session.created.containerId);
      answer ??= execute();
      const { error, result } = await answer;
      const text = error?.message ?? String((result as CommandEnvelope).error);
      assertStringIncludes(text, "Timed out after 2000 ms");
      await client.call("session.close", { sessionId: session.id });
      await containerGone(session.created.containerId);
    }
  },
});

Deno.test({
  ...requirement,
  name: "a session that is idle for too long takes its container along",
  async fn() {
    await using client = await connect();
    await using session = await TestSession.open(client, {
      language: "python",
      idleTimeoutMinutes: 0.02,
    });
    const { reason } = await client.nextNotification("session.closed", session.id);
    assertEquals(reason, "idle_timeout");
    await containerGone(session.created.containerId);
  },
});

Deno.test({
  ...requirement,
  name: "session.close removes the container, also while a command runs",
  async fn() {
    await using client = await connect();
    for (const isRunning of [false, true]) {
      await using session = await TestSession.open(client, { language: "python" });
      const running = isRunning ? sleeping(session, client) : undefined;
      if (isRunning) await begun(session, client);
      assertEquals(await hasContainer(session.created.containerId), true);
      await client.request("session.close", { sessionId: session.id });
      assertEquals(await hasContainer(session.created.containerId), false);
      const answer = await running;
      if (answer !== undefined) {
        assertEquals([answer.error?.code, answer.error?.data?.closeReason], [-32007, "client"]);
      }
    }
  },
});

Deno.test({
  ...requirement,
  name: "limits of a session are those of its container, though it was started before",
  async fn() {
    await using client = await connect();
    await until(
      async () => {
        const { runtimes } = await client.request("runtime.list", {});
        const spares = runtimes.find(({ name }) => name === "docker")?.details.spares;
        return ((spares as { ready: number } | undefined)?.ready ?? 0) > 0;
      },
      WAIT_MS,
      "a spare container",
    );
    await using session = await TestSession.open(client, {
      language: "python",
      memoryLimitMB: 128,
      cpus: 0.5,
      cpuShares: 512,
      pidsLimit: 99,
    });
    const read = (...paths: string[]) =>
      script(session, `cat ${paths.join(" ")} 2>/dev/null | head -1`);
    const group = "/sys/fs/cgroup";
    const memory = stdoutOf(
      await read(`${group}/memory.max`, `${group}/memory/memory.limit_in_bytes`),
    );
    assertEquals(memory.trim(), `${128 * 2 ** 20}`);
    const swap = stdoutOf(
      await read(`${group}/memory.swap.max`, `${group}/memory/memory.memsw.limit_in_bytes`),
    );
    assert([0, 128 * 2 ** 20].includes(Number(swap)), swap);
    const cpu = stdoutOf(await read(`${group}/cpu.max`, `${group}/cpu/cpu.cfs_quota_us`));
    assertEquals(cpu.trim().split(" ")[0], "50000");
    const pids = Number(stdoutOf(await read(`${group}/pids.max`, `${group}/pids/pids.max`)));
    assert(pids >= 99 && pids < 256, `${pids}`);
    const { sandbox } = await client.request("session.get", { sessionId: session.id });
    assertEquals(sandbox, { ...sandbox, driver: "agent", image: IMAGE });
  },
});

Deno.test({
  ...requirement,
  name: "twenty sessions at once are all made, and each is its own",
  async fn() {
    await using client = await connect();
    const sessions = await Promise.all(
      Array.from({ length: 20 }, () => TestSession.open(client, { language: "python" })),
    );
    try {
      assertEquals(new Set(sessions.map(({ created }) => created.containerId)).size, 20);
      const outputs = await Promise.all(
        sessions.map(async (session, index) => {
          await session.write("own.txt", `${index}`);
          return await session.output("print(open('own.txt').read())");
        }),
      );
      assertEquals(outputs, sessions.map((_, index) => `${index}`));
    } finally {
      await Promise.all(sessions.map((session) => session[Symbol.asyncDispose]()));
    }
    for (const { created } of sessions) await containerGone(created.containerId);
  },
});

Deno.test({
  ...requirement,
  name: "session.create whose connection is dropped leaves no container without a session",
  async fn() {
    await using other = await startServer({ env: { ...env, CODEBEAKER_CONTAINER_SPARES: "0" } });
    await leaks(other);
    for (const delayMs of [0, 50, 150, 300]) {
      const client = await RpcClient.connect(other.wsUrl);
      client.sendRaw(JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "session.create",
        params: { language: "python", idleTimeoutMinutes: 0.05 },
      }));
      await new Promise((resolve) => setTimeout(resolve, delayMs));
      await client.close();
    }
    // One that was made before anybody noticed is a session like any other, and ends as one.
    await using client = await RpcClient.connect(other.wsUrl);
    await until(
      async () =>
        (await client.request("session.list", {})).count === 0 &&
        (await containersOf(await serverId(other))).length === 0,
      WAIT_MS,
      "the containers to be removed",
    );
  },
});

Deno.test({
  ...requirement,
  name: "SIGTERM removes all containers of the server, those that work too",
  async fn() {
    await using other = await startServer({ env });
    await using client = await connect(other);
    const id = await serverId(other);
    const sessions = await Promise.all(
      Array.from({ length: 3 }, () => TestSession.open(client, { language: "python" })),
    );
    const running = sleeping(sessions[0]!, client);
    running.catch(() => {});
    await begun(sessions[0]!, client);
    assert((await containersOf(id)).length >= 3);
    await other.stop("SIGTERM");
    assertEquals(await containersOf(id), []);
  },
});

Deno.test({
  ...requirement,
  name:
    "a server that was killed finds its sessions again with their files, and removes what is nobody's",
  async fn() {
    const dataDir = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      const first = await startServer({ env, dataDir });
      let sessionId = "";
      let containerId = "";
      let orphans: string[] = [];
      let id = "";
      try {
        await using client = await RpcClient.connect(first.wsUrl);
        await leaks(first);
        id = await serverId(first);
        const session = await TestSession.open(client, { language: "python" });
        ({ sessionId, containerId } = session.created);
        await session.write("keep.txt", "kept");
        // What its command left may not go on beside what the next server runs.
        void sleeping(session, client).catch(() => {});
        await begun(session, client);
        orphans = [
          await docker("create", "--label", `codebeaker.server=${id}`, IMAGE, "sleep", "1"),
          await docker(
            ...["run", "-d", "--network", "none", "--label", `codebeaker.server=${id}`],
            ...[IMAGE, "sleep", "600"],
          ),
        ];
        const other = await docker("create", "--label", "codebeaker.server=not-this-one", IMAGE);
        orphans.push(other);
        first.kill("SIGKILL");
        await first.status;
      } finally {
        await first[Symbol.asyncDispose]();
      }
      const foreign = orphans.pop()!;
      try {
        assertEquals(await hasContainer(containerId), true);
        await using second = await startServer({ env, dataDir });
        await using client = await connect(second);
        const { sessions } = await client.request("session.list", {});
        assertEquals(sessions.map((each) => [each.sessionId, each.containerId]), [
          [sessionId, containerId],
        ]);
        const execute = (command: Record<string, unknown>) =>
          client.request("session.execute", { sessionId, command: command as never });
        const { result } = await execute({ type: "read_file", path: "keep.txt" });
        assertEquals((result as { content: string }).content, "kept");
        const count = "cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^sleep$'";
        const left = await execute({
          type: "execute_shell",
          commandName: "sh",
          args: ["-c", count],
        });
        // The one that keeps the container alive.
        assertEquals(stdoutOf(left), "1\n");
        await until(
          async () => {
            const there = await containersOf(id);
            return orphans.every((orphan) => !there.includes(orphan));
          },
          WAIT_MS,
          "the orphans to be removed",
        );
        assertEquals(await hasContainer(foreign), true);
      } finally {
        await docker("rm", "-f", foreign);
      }
      assertEquals(await containersOf(id), []);
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});

Deno.test({
  ...requirement,
  name: "--keep-sessions leaves sessions to the next server, and only them",
  async fn() {
    const dataDir = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      let created: TestSession["created"] | undefined;
      {
        await using first = await startServer({ env, dataDir, flags: ["--keep-sessions"] });
        await using client = await connect(first);
        const session = await TestSession.open(client, { language: "python" });
        created = session.created;
        await session.write("keep.txt", "kept");
        await first.stop("SIGTERM");
        assertEquals(await containersOf(await serverId(first)), [created.containerId]);
      }
      await using second = await startServer({ env, dataDir });
      await using client = await connect(second);
      const { sessionId } = created;
      const { result } = await client.request("session.execute", {
        sessionId,
        command: { type: "read_file", path: "keep.txt" },
      });
      assertEquals((result as { content: string }).content, "kept");
      await second.stop("SIGTERM");
      assertEquals(await containersOf(await serverId(second)), []);
    } finally {
      await Deno.remove(dataDir, { recursive: true });
    }
  },
});

Deno.test({
  ...requirement,
  name: "a server without an engine says what is missing, and serves Deno",
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      const socket = `unix://${join(directory, "no.sock")}`;
      await using other = await startServer({ env, flags: ["--docker-host", socket] });
      await using client = await RpcClient.connect(other.wsUrl);
      const refused: RpcCallError = await client.requestError("session.create", {
        language: "python",
      });
      assertEquals([refused.code, refused.data.reason], [-32003, "runtime_unavailable"]);
      for (
        const words of ["o Docker engine answers: install", "docs.docker.com", "--docker-host"]
      ) {
        assertStringIncludes(refused.message, words);
      }
      assertEquals(refused.message.includes(directory), false, "It names a path of the host");
      const { runtimes } = await client.request("runtime.list", {});
      const status = runtimes.find(({ name }) => name === "docker");
      assertEquals(status?.available, false);
      assertStringIncludes(status?.reason ?? "", "No Docker engine answers");
      await using session = await TestSession.open(client, { language: "deno" });
      assertEquals(await session.output("console.log(1)"), "1");
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

/** What a client sees of a session, without what differs from one to the next. */
async function scenario(client: RpcClient, driver: string): Promise<unknown[]> {
  const seen: unknown[] = [];
  await using session = await TestSession.open(client, {
    language: "python",
    env: { GREETING: "hi there" },
  });
  const note = ({ success, result, error, status, exitCode, signal, limit }: CommandEnvelope) => {
    const { durationMs: _, modifiedAt: __, ...rest } = (result ?? {}) as Record<string, unknown>;
    const shown = typeof result === "string" ? result : rest;
    seen.push({ success, result: shown, error, status, exitCode, signal, kind: limit?.kind });
  };
  note(await session.execute({ type: "write_file", path: "a/b.txt", content: "one\n" }));
  note(
    await session.execute({
      type: "write_file",
      path: "a/b.txt",
      content: "two\n",
      mode: "Append",
    }),
  );
  note(await session.execute({ type: "read_file", path: "a/b.txt" }));
  note(await session.execute({ type: "read_file", path: "missing.py" }));
  note(
    await session.execute({ type: "copy_file", sourcePath: "a/b.txt", destinationPath: "c.txt" }),
  );
  note(await session.execute({ type: "delete_file", path: "a" }));
  note(await session.execute({ type: "delete_file", path: "a", recursive: true }));
  note(await session.execute({ type: "read_file", path: "../etc/passwd" }));
  note(
    await session.code("import os, sys\nprint(os.environ['GREETING'], sys.stdin.read())", {
      stdin: "in",
    }),
  );
  note(await session.code("import sys\nprint('out')\nprint('err', file=sys.stderr)\nsys.exit(3)"));
  note(await session.code("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)"));
  note(await script(session, "setsid -f sleep 100; id -u; pwd; cat c.txt"));
  note(await script(session, "echo first; sleep 100", { timeoutMs: 1000 }));
  note(await session.shell("nothing-of-that-name"));
  note(await session.shell("true", [], { workingDirectory: "/nowhere" }));
  // What keeps the container alive is the one that is left.
  note(await script(session, "cat /proc/[0-9]*/comm 2>/dev/null | grep -c '^sleep$'"));
  assertEquals((await client.request("session.get", { sessionId: session.id })).sandbox, {
    image: IMAGE,
    driver,
  });
  return seen;
}

Deno.test({
  ...requirement,
  name: "sessions without the agent give the same results and say that they have none",
  async fn() {
    await using other = await startServer({ env: { ...env, CODEBEAKER_DOCKER_AGENT: "off" } });
    await using without = await connect(other);
    await using withAgent = await connect();
    assertEquals(await scenario(without, "engine"), await scenario(withAgent, "agent"));
  },
});
