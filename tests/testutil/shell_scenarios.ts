import { assert, assertEquals, assertMatch } from "@std/assert";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { ShellResult } from "../../src/protocol/shells.ts";
import type { RpcClient } from "./rpc_client.ts";
import type { TestSession } from "./test_session.ts";

/** A session with shells. */
export interface ShellPlace {
  readonly client: RpcClient;
  readonly session: TestSession;
}

interface CommandOptions {
  readonly shell?: string;
  readonly env?: Record<string, string>;
  readonly stdin?: string;
  readonly timeoutMs?: number;
  readonly stream?: boolean;
}

type Scenario = (place: ShellPlace) => Promise<void>;

function commands({ session }: ShellPlace) {
  const run = (command: string, options: CommandOptions = {}): Promise<CommandEnvelope> => {
    const { timeoutMs, stream, ...others } = options;
    return session.execute(
      { type: "shell_command", command, ...others },
      { ...(timeoutMs && { timeoutMs }), ...(stream && { stream }) },
    );
  };
  const output = async (command: string, options?: CommandOptions): Promise<string> => {
    const { success, error, result } = await run(command, options);
    assert(success, `${command}: ${error}`);
    return (result as ShellResult).stdout;
  };
  return { run, output, result: ({ result }: CommandEnvelope) => result as ShellResult };
}

/** What holds of shells in every runtime that has them. */
export const SHELL_SCENARIOS: Readonly<Record<string, Scenario>> = {
  async "keep directory, variables and functions"(place) {
    const { run, output, result } = commands(place);
    assertEquals(await output("mkdir -p sub && cd sub; export X=1; f() { echo f $X; }; y=2"), "");
    assertEquals(await output("pwd; f; bash -c 'echo $X'; echo $y"), "/workspace/sub\nf 1\n1\n2\n");
    const failed = await run("echo out; echo err >&2; (exit 3)");
    assertEquals([failed.status, failed.exitCode, failed.error], ["nonzero_exit", 3, "err"]);
    const { stdout, stderr, exitCode } = result(failed);
    assertEquals([stdout, stderr, exitCode], ["out\n", "err\n", 3]);
    assertEquals(
      await output('cat; echo "$Z"', { stdin: "in", env: { Z: "a'b\"\\\n c" } }),
      "ina'b\"\\\n c\n",
    );
    assertEquals(await output("echo ${Z-none}"), "none\n");
  },

  async "end with exit, and a fresh one follows"(place) {
    const { run, output, result } = commands(place);
    await output("x=1");
    const exited = await run("echo bye; exit 42");
    assertEquals([exited.success, exited.exitCode], [false, 42]);
    const { stdout, error } = result(exited);
    assertEquals([stdout, error?.reason, error?.exitCode], ["bye\n", "shell_exited", 42]);
    assertMatch(exited.error ?? "", /^The shell exited with code 42/);
    const next = await run("echo ${x-fresh}");
    assertEquals([result(next).stdout, result(next).restarted], ["fresh\n", true]);
    assertEquals(result(await run("true")).restarted, undefined);
  },

  async "keep the output of one command out of the next"(place) {
    const { run, output, result } = commands(place);
    await output(
      "(sleep 0.2; echo late; echo late >&2) & (while :; do echo noise; sleep 0.01; done) & echo first",
    );
    for (let count = 0; count < 5; count++) {
      const { stdout, stderr } = result(
        await run(`sleep 0.1; echo ${count}; echo err ${count} >&2`),
      );
      assertEquals([stdout, stderr], [`${count}\n`, `err ${count}\n`]);
    }
    assertEquals(await output("kill %1 %2 2>/dev/null; wait; echo over"), "over\n");
  },

  async "are interrupted beyond the time, and go on"(place) {
    const { run, output, result } = commands(place);
    const { client, session } = place;
    await output("x=1");
    for (const endless of ["sleep 300", "while :; do :; done"]) {
      const late = await run(endless, { timeoutMs: 300 });
      assertEquals([late.status, result(late).interrupted], ["timeout", true]);
      assertEquals(late.error, "Timed out after 300 ms; the command was interrupted");
    }
    const running = run("echo runs; sleep 300", { stream: true });
    await client.nextNotification("session.output", session.id);
    const target = { sessionId: session.id, shellId: "default" };
    assertEquals((await client.request("shell.interrupt", target)).interrupted, true);
    assertEquals((await running).status, "cancelled");
    assertEquals(await output("echo $x"), "1\n");
    const stubborn = await run("trap '' INT; while :; do sleep 1; done", { timeoutMs: 300 });
    assertEquals([stubborn.status, result(stubborn).restarted], ["timeout", true]);
    assertEquals(await output("echo ${x-fresh}"), "fresh\n");
  },

  async "are several, with directories and variables of their own"(place) {
    const { output } = commands(place);
    const { client, session } = place;
    const { id: sessionId } = session;
    await session.write("dir/file", "");
    const env = { GIVEN: "yes" };
    const made = await client.request("shell.create", { sessionId, cwd: "dir", env });
    assertEquals([made.state, made.cwd, made.commandCount], ["idle", "dir", 0]);
    const shell = made.shellId;
    assertEquals(await output("pwd; echo $GIVEN", { shell }), "/workspace/dir\nyes\n");
    assertEquals(await output("pwd; echo $GIVEN"), "/workspace\n\n");
    const { shells } = await client.request("shell.list", { sessionId });
    assertEquals(shells.map(({ shellId }) => shellId), [shell, "default"]);
    await client.request("shell.delete", { sessionId, shellId: shell });
    const command = { type: "shell_command", shell, command: "pwd" } as const;
    const { error } = await client.call("session.execute", { sessionId, command });
    assertEquals([error?.code, (error?.data as { reason?: string }).reason], [
      -32001,
      "shell_not_found",
    ]);
    const missing = await client.call("shell.create", { sessionId, cwd: "nowhere" });
    assertMatch(missing.error?.message ?? "", /^Cannot start a shell: .*nowhere/);
  },

  async "take part in a batch"({ session }) {
    const { result } = await session.execute({
      type: "batch",
      commands: [
        { type: "shell_command", command: "cd /tmp" },
        { type: "shell_command", command: "pwd" },
      ],
    });
    const { results } = result as unknown as { results: CommandEnvelope[] };
    assertEquals((results[1]?.result as ShellResult).stdout, "/tmp\n");
  },
};
