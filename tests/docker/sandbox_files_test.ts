import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandInput } from "../../src/protocol/commands.ts";
import type { MethodInput } from "../../src/protocol/methods.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";
import { containerGone, leakCheck, script, stdoutOf } from "./sandbox_attack.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const leaks = leakCheck(requirement);
const server = dockerServer(requirement, { env: { CODEBEAKER_CONTAINER_SPARES: "1" } });

async function withPython(
  run: (session: TestSession, client: RpcClient) => Promise<void>,
  params: Partial<MethodInput<"session.create">> = {},
): Promise<void> {
  await leaks(server.process);
  await using client = await RpcClient.connect(server.process.wsUrl);
  await using session = await TestSession.open(client, { language: "python", ...params });
  await run(session, client);
}

/** Waits until a session is closed for its files, in which case everything says so. */
async function assertClosedForItsFiles(client: RpcClient, session: TestSession): Promise<void> {
  const { reason } = await client.nextNotification("session.closed", session.id);
  assertEquals(reason, "limit_exceeded");
  await containerGone(session.created.containerId);
}

Deno.test({
  ...requirement,
  name: "a program that writes more than diskLimitMB in many files is ended with its session",
  async fn() {
    await withPython(async (session, client) => {
      const { error } = await client.call("session.execute", {
        sessionId: session.id,
        command: {
          type: "execute_shell",
          commandName: "sh",
          args: ["-c", "for i in 1 2 3 4 5; do head -c 15000000 /dev/zero >$i; done; sleep 25"],
        },
      });
      assertEquals([error?.code, error?.data?.closeReason], [-32007, "limit_exceeded"]);
      assertStringIncludes(error?.message ?? "", "the limit is 20 MB (diskLimitMB)");
      await assertClosedForItsFiles(client, session);
    }, { diskLimitMB: 20 });
  },
});

Deno.test({
  ...requirement,
  name: "a program that ends before its files are counted does not keep them",
  async fn() {
    await withPython(async (session, client) => {
      const { status } = await script(
        session,
        "for i in 1 2 3; do head -c 15000000 /dev/zero >$i; done",
      );
      assertEquals(status, "ok");
      await assertClosedForItsFiles(client, session);
    }, { diskLimitMB: 20 });
  },
});

Deno.test({
  ...requirement,
  name: "files that a client writes count against diskLimitMB as those of programs do",
  async fn() {
    await withPython(async (session, client) => {
      const content = "x".repeat(5_000_000);
      // It may be closed before the last of them.
      for (let i = 0; i < 12; i++) await session.write(`file-${i}`, content).catch(() => {});
      await assertClosedForItsFiles(client, session);
    }, { diskLimitMB: 20 });
  },
});

Deno.test({
  ...requirement,
  name: "symlinks in the workspace lead file commands to nothing that the code could not have",
  async fn() {
    await withPython(async (session) => {
      const links = {
        shadow: "/etc/shadow",
        environ: "/proc/self/environ",
        mem: "/proc/self/mem",
        exe: "/proc/self/exe",
        deno: "/codebeaker/deno",
        "root-home": "/root/.profile",
        keeper: "/proc/1/environ",
      };
      for (const [name, target] of Object.entries(links)) {
        assertEquals((await session.shell("ln", ["-s", target, name])).status, "ok");
      }
      await session.shell("ln", ["-s", "/proc/self/fd", "descriptors"]);
      await session.shell("ln", ["-s", "/", "root"]);
      await session.shell("ln", ["-s", "loop", "loop"]);
      // What the agent holds open for reading are counters that anybody may read.
      const descriptors = Array.from({ length: 32 }, (_, number) => `descriptors/${number}`);
      const closed = [...Object.keys(links), "loop", "root/etc/shadow", "root/proc/self/mem"];
      const paths = [...closed, ...descriptors];
      for (const path of paths) {
        const reading: CommandInput[] = [
          { type: "read_file", path },
          { type: "copy_file", sourcePath: path, destinationPath: "copy" },
        ];
        const commands: CommandInput[] = [
          { type: "write_file", path, content: "x" },
          { type: "write_file", path, content: "x", mode: "Append" },
          ...(closed.includes(path) ? reading : []),
        ];
        for (const command of commands) {
          const { success, error } = await session.execute(command, { timeoutMs: 5000 });
          assertEquals([path, command.type, success], [path, command.type, false], String(error));
        }
      }
      for (const path of ["root/usr", "root/codebeaker", "root/workspace", "root/proc"]) {
        const { success } = await session.execute({ type: "delete_file", path, recursive: true });
        assertEquals([path, success], [path, false]);
      }
      assertEquals(await session.output("print(1)"), "1");
    });
  },
});

Deno.test({
  ...requirement,
  name: "paths that lead out of the workspace are refused by their text",
  async fn() {
    await withPython(async (session) => {
      for (
        const path of [
          ...["../etc/passwd", "/etc/passwd", "a/../../etc/passwd", "/workspace/../etc/passwd"],
          ...["/workspace/../workspace2/x", "//etc/passwd", "/proc/self/environ", "..", "/"],
        ]
      ) {
        for (
          const command of [
            { type: "read_file", path },
            { type: "write_file", path, content: "x" },
            { type: "delete_file", path, recursive: true },
            { type: "list_directory", path },
            { type: "create_directory", path },
            { type: "copy_file", sourcePath: path, destinationPath: "copy" },
          ] as CommandInput[]
        ) {
          const { success, error } = await session.execute(command);
          assertEquals([path, command.type, success], [path, command.type, false]);
          assertStringIncludes(String(error), "Path is outside /workspace");
        }
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "pipes, devices and sockets are neither opened nor waited for",
  async fn() {
    await withPython(async (session) => {
      await session.output(`import os, socket
os.mkfifo("pipe")
os.symlink("/dev/zero", "device")
os.symlink("/dev/tty", "terminal")
socket.socket(socket.AF_UNIX).bind("socket")`);
      for (const path of ["pipe", "device", "terminal", "socket"]) {
        for (
          const command of [
            { type: "read_file", path },
            { type: "copy_file", sourcePath: path, destinationPath: "copy" },
            { type: "write_file", path, content: "x", mode: "Append" },
          ] as CommandInput[]
        ) {
          const { success, error } = await session.execute(command, { timeoutMs: 5000 });
          assertEquals([path, command.type, success], [path, command.type, false]);
          assertStringIncludes(String(error), `Not a regular file: ${path}`);
        }
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "a path that becomes something else all the time never stops the agent",
  async fn() {
    await withPython(async (session) => {
      const swap = `import os, time
end = time.time() + 6
while time.time() < end:
    for make in [lambda: os.mkfifo("it"), lambda: os.symlink("/dev/zero", "it"), lambda: os.mkdir("it"),
                 lambda: open("it", "w").close(), lambda: os.symlink("/proc/self/fd/0", "it")]:
        try: make()
        except OSError: pass
        try: os.rename("it", "old")
        except OSError: pass
        try: os.unlink("old")
        except OSError:
            try: os.rmdir("old")
            except OSError: pass`;
      const swapping = session.code(swap, { concurrent: true });
      const commands: CommandInput[] = [
        { type: "read_file", path: "it" },
        { type: "write_file", path: "it", content: "x", mode: "Append" },
        { type: "copy_file", sourcePath: "it", destinationPath: "copy" },
      ];
      let answers = 0;
      let swapped = false;
      void swapping.finally(() => swapped = true);
      while (!swapped) {
        for (const command of commands) {
          const { error } = await session.execute(command, { concurrent: true, timeoutMs: 20_000 });
          assertEquals(String(error).includes("Timed out"), false, String(error));
          answers++;
        }
      }
      assertEquals((await swapping).status, "ok");
      assert(answers > 50, `Only ${answers} answers`);
    });
  },
});

const MANY = 150_000;

Deno.test({
  ...requirement,
  name: "a directory with too many entries is refused as such, and holds nobody up",
  async fn() {
    await withPython(async (session) => {
      const code = `import os
os.mkdir("many")
for i in range(${MANY}): os.close(os.open(f"many/{i}", os.O_CREAT | os.O_WRONLY))`;
      assertEquals((await session.code(code, { timeoutMs: 25_000 })).status, "ok");
      const { success, error } = await session.execute({ type: "list_directory", path: "many" });
      assertEquals([success, error], [false, "Directory has too many entries: many"]);
      assertEquals(stdoutOf(await script(session, "ls many | wc -l")).trim(), `${MANY}`);
    });
  },
});

Deno.test({
  ...requirement,
  name: "a file command that does not end in its time costs the command, not the session",
  async fn() {
    await withPython(async (session) => {
      await session.write("keep.txt", "kept");
      const code = `import os
for i in range(60_000):
    if i % 1000 == 0: os.makedirs(f"many/{i}")
    os.close(os.open(f"many/{i - i % 1000}/{i}", os.O_CREAT | os.O_WRONLY))`;
      assertEquals((await session.code(code, { timeoutMs: 28_000 })).status, "ok");
      const { success, error } = await session.execute(
        { type: "delete_file", path: "many", recursive: true },
        { timeoutMs: 1 },
      );
      // What is done a moment after its time is done; what takes longer is given up.
      if (!success) assertStringIncludes(String(error), "Timed out after 1 ms");
      assertEquals(await session.read("keep.txt"), "kept");
    }, { memoryLimitMB: 1024 });
  },
});

Deno.test({
  ...requirement,
  name: "delete_file removes trees whatever their names and modes are",
  async fn() {
    await withPython(async (session) => {
      await session.output(`import os
os.makedirs("tree/closed/inner"); open("tree/closed/inner/file", "w").close()
os.mkdir(b"tree/\\xff\\xfe"); open(b"tree/\\xff\\xfe/\\x80", "w").close()
open("tree/new\\nline", "w").close(); open("tree/" + "n" * 255, "w").close()
os.symlink("/etc", "tree/link"); os.mkfifo("tree/pipe")
os.chmod("tree/closed/inner", 0); os.chmod("tree/closed", 0o500)`);
      const answer = await session.execute({ type: "delete_file", path: "tree", recursive: true });
      assertEquals([answer.success, answer.error], [true, null]);
      assertEquals(stdoutOf(await session.shell("ls", ["-A"])), "");
      assertEquals((await session.shell("ls", ["/etc/passwd"])).status, "ok");
    });
  },
});
