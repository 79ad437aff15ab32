import { assert, assertEquals, assertGreaterOrEqual, assertMatch } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import { descendants, survivors } from "../testutil/process_tree.ts";
import { requirement } from "../testutil/requirement.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { WatchedListener } from "../testutil/watched_listener.ts";

// Sessions that may start programs need a server that was given all permissions, and bubblewrap.
const OPTIONS = { allowAll: true, env: { CODEBEAKER_DENO_ALLOW_RUN: "true" } };
const bubblewrap = await requirement("bubblewrap");

interface Place {
  client: RpcClient;
  session: TestSession;
  serverPid: number;
  dataDir: string;
}

function testWithPrograms(name: string, run: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ...bubblewrap,
    async fn() {
      await using server = await startServer(OPTIONS);
      await using client = await RpcClient.connect(server.wsUrl);
      await using session = await TestSession.open(client, { permissions: { allowRun: true } });
      await run({ client, session, serverPid: server.pid, dataDir: server.dataDir });
    },
  });
}

async function sh(session: TestSession, script: string, timeoutMs = 10_000) {
  const { result, ...envelope } = await session.shell("sh", ["-c", script], { timeoutMs });
  return { ...envelope, ...result as CommandResults["execute_shell"] };
}

testWithPrograms(
  "execute_shell runs any program where the policy and bubblewrap allow it",
  async ({ session }) => {
    const { exitCode, stdout, stderr } = await sh(
      session,
      "pwd; echo x > made; echo e >&2; exit 4",
    );
    assertEquals([exitCode, stdout, stderr], [4, "/workspace\n", "e\n"]);
    assertEquals(await session.read("made"), "x\n");
    const missing = await session.shell("no-such-program");
    assertEquals([missing.success, missing.status], [false, "not_started"]);
  },
);

testWithPrograms(
  "a program sees no other process, no host file and no network",
  async ({ session, dataDir }) => {
    await using listener = new WatchedListener();
    const secret = await Deno.makeTempFile({ prefix: "codebeaker-test-" });
    try {
      await Deno.writeTextFile(secret, "secret");
      const seen = await sh(
        session,
        `cat ${secret}; ls ${dataDir}; cat /etc/shadow; ls /root /home; ls -d /proc/[0-9]* | wc -l`,
      );
      assert(!seen.stdout.includes("secret"), seen.stdout);
      assert(Number(seen.stdout.trim().split("\n").at(-1)) < 10, seen.stdout);
      const port = listener.host.split(":")[1];
      const connect =
        `bash -c 'exec 3<>/dev/tcp/127.0.0.1/${port}; printf "GET / HTTP/1.0\\r\\n\\r\\n" >&3; cat <&3'`;
      const reached = await sh(session, connect);
      assert(reached.exitCode !== 0, reached.stdout);
      assertEquals(listener.requests, []);
    } finally {
      await Deno.remove(secret);
    }
  },
);

testWithPrograms("file commands do not follow links that a program plants", async ({ session }) => {
  const secret = await Deno.makeTempFile({ prefix: "codebeaker-test-" });
  try {
    await Deno.writeTextFile(secret, "secret");
    const links = { link: secret, up: "../../../../../..", passwd: "/etc/passwd", root: "/" };
    for (const [name, to] of Object.entries(links)) {
      assertEquals((await sh(session, `ln -s ${to} ${name}`)).exitCode, 0);
    }
    for (const path of ["link", "passwd", "up/etc/passwd", `root${secret}`]) {
      const read = await session.execute({ type: "read_file", path });
      assertEquals([read.success, read.result], [false, null], path);
    }
    for (const path of ["up", "root"]) {
      const listed = await session.execute({ type: "list_directory", path });
      assertEquals([listed.success, listed.result], [false, null], path);
    }
    for (const path of ["link", `up${secret}`, `root${secret}`]) {
      await session.execute({ type: "write_file", path, content: "changed" });
      await session.execute({ type: "write_file", path, content: "changed", mode: "Append" });
      await session.execute({ type: "delete_file", path });
    }
    assertEquals(await Deno.readTextFile(secret), "secret");
  } finally {
    await Deno.remove(secret);
  }
});

testWithPrograms(
  "a timeout ends the whole process tree, also what detached itself",
  async ({ client, session, serverPid }) => {
    const script =
      "(setsid sleep 1000 &) ; setsid sh -c 'trap \"\" TERM HUP; sleep 1000' & echo on; sleep 1000";
    const running = client.call("session.execute", {
      sessionId: session.id,
      timeoutMs: 1500,
      stream: true,
      command: { type: "execute_shell", commandName: "sh", args: ["-c", script] },
    });
    await client.nextNotification("session.output", session.id);
    const sleepers = async () =>
      (await descendants(serverPid)).filter(({ name }) => name === "sleep");
    await until(async () => (await sleepers()).length >= 3, 1000, "the programs to start");
    const started = await sleepers();
    assertGreaterOrEqual(started.length, 3);
    const { status } = (await running).result as { status: string };
    assertEquals(status, "timeout");
    await until(
      async () => (await survivors(started)).length === 0,
      1000,
      "the last of the programs",
    );
    assertEquals((await sh(session, "echo next")).stdout, "next\n");
  },
);

testWithPrograms("a program that a signal ended is reported with its name", async ({ session }) => {
  const { status, exitCode, signal } = await session.shell("sh", ["-c", "kill -SEGV $$"]);
  assertEquals([status, exitCode, signal], ["signaled", null, "SIGSEGV"]);
});

testWithPrograms(
  "allowRun with a list starts what it names and nothing else",
  async ({ client }) => {
    const permissions = { allowRun: ["echo"] };
    await using session = await TestSession.open(client, { permissions });
    const { result } = await session.shell("echo", ["-n", "hi"]);
    assertEquals((result as CommandResults["execute_shell"]).stdout, "hi");
    const { error, result: other } = await client.call("session.execute", {
      sessionId: session.id,
      command: { type: "execute_shell", commandName: "ls" },
    });
    const envelope = other as { success: boolean; error: string } | undefined;
    assert(error !== undefined || envelope?.success === false);
    assertMatch(error?.message ?? envelope?.error ?? "", /ls/);
  },
);
