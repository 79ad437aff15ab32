import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import { shownBy } from "../sessions/terminals/shown_by.ts";
import type { RpcClient } from "../testutil/rpc_client.ts";
import { TestProcess, textOf } from "../testutil/test_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { docker, dockerServer, dockerWith } from "./docker_server.ts";

const engine = await dockerWith("codebeaker-python");
const server = dockerServer(engine, { env: { CODEBEAKER_MAX_PROCESSES: "3" } });
const WAIT_MS = 20_000;
const SIZE = { cols: 100, rows: 30 };
const BASH = ["bash", "--norc", "--noprofile", "-i"] as const;
const PROMPT = { env: { PS1: "ready> " } };

/** A program at a terminal, and what its connection was sent of it. */
class AtTerminal {
  constructor(readonly process: TestProcess) {}

  get text(): string {
    return textOf(this.process.sent());
  }

  /** All that was sent before a chunk, which may still be on its way. */
  async textBefore(seq: number): Promise<string> {
    await until(() => (this.process.sent().at(-1)?.seq ?? -1) >= seq - 1, WAIT_MS, `chunk ${seq}`);
    return textOf(this.process.sent().filter((chunk) => chunk.seq < seq));
  }

  has(text: string): Promise<void> {
    return until(() => this.text.includes(text), WAIT_MS, JSON.stringify(text));
  }

  /** Types something, and waits for what comes of it. */
  async type(keys: string, answer?: string): Promise<void> {
    const before = this.text.length;
    await this.process.write(keys);
    if (answer === undefined) return;
    await until(() => this.text.slice(before).includes(answer), WAIT_MS, JSON.stringify(answer));
  }
}

interface Place {
  readonly client: RpcClient;
  readonly session: TestSession;
  open(
    argv: readonly [string, ...string[]],
    options?: Parameters<typeof TestProcess.start>[3],
  ): Promise<AtTerminal>;
}

function testWithSession(name: string, run: (place: Place) => Promise<void>): void {
  Deno.test({
    name,
    ...engine,
    async fn() {
      await using client = await server.connect();
      await using session = await TestSession.open(client, { language: "python" });
      await run({
        client,
        session,
        open: async (argv, options) => {
          const terminal = { stream: true, pty: true, ...SIZE, ...options };
          return new AtTerminal(await TestProcess.start(client, session, argv, terminal));
        },
      });
    },
  });
}

async function foreground(session: TestSession, script: string, more: object = {}) {
  const type = "execute_shell" as const;
  return await session.execute({
    type,
    commandName: "sh",
    args: ["-c", script],
    pty: true,
    ...more,
  });
}

function stdoutOf({ result }: { readonly result: unknown }): string {
  return (result as CommandResults["execute_shell"]).stdout;
}

/** Processes in the container whose command line begins with a text. */
async function running(session: TestSession, text: string): Promise<number> {
  const script = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline 2>/dev/null; echo; done";
  const { result } = await session.shell("sh", ["-c", `${script} | grep -c '^${text}'`]);
  return Number((result as CommandResults["execute_shell"]).stdout);
}

testWithSession("a program in the foreground has a terminal", async ({ session }) => {
  const script = "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; " +
    "echo $TERM; echo err >&2; exit 7";
  const answer = await foreground(session, script);
  const { exitCode, stderr } = answer.result as CommandResults["execute_shell"];
  assertEquals([answer.status, exitCode, stderr], ["nonzero_exit", 7, ""]);
  const [tty = "", ...rest] = stdoutOf(answer).split("\r\n");
  assert(/^\/dev\/pts\/\d+$/.test(tty), tty);
  assertEquals(rest, ["24 80", "all", "xterm-256color", "err", ""]);
  const sized = await foreground(session, "stty size; echo $TERM", {
    cols: 1000,
    rows: 1,
    env: { TERM: "dumb" },
  });
  assertEquals(stdoutOf(sized), "1 1000\r\ndumb\r\n");
  // Its input is at its end, as often as it is read.
  assertEquals(stdoutOf(await foreground(session, "cat; cat; echo done")), "done\r\n");
  const given = await foreground(session, "stty -echo; cat; echo done", { stdin: "line\n" });
  assert(stdoutOf(given).endsWith("line\r\ndone\r\n"), stdoutOf(given));
  const missing = await session.execute({
    type: "execute_shell",
    commandName: "no-such",
    pty: true,
  });
  assertEquals([missing.status, missing.error], ["not_started", "Program not found: no-such"]);
});

testWithSession("a shell at a terminal has job control", async ({ session, open }) => {
  const shell = await open(BASH, PROMPT);
  await shell.has("ready> ");
  await shell.type("sleep 7601\r");
  await until(async () => await running(session, "sleep 7601") === 1, WAIT_MS, "the job");
  await shell.type("\x03", "ready> ");
  assertEquals(await running(session, "sleep 7601"), 0);
  await shell.type("sleep 7602\r");
  await until(async () => await running(session, "sleep 7602") === 1, WAIT_MS, "the other job");
  await shell.type("\x1a", "ready> ");
  await shell.type("jobs\r", "Stopped");
  await shell.type("kill %1; echo a$((1+1))b\r", "a2b");
  // What it leaves behind ends with it.
  await shell.type("sleep 7603 & setsid sleep 7604 &\r", "ready> ");
  await until(async () => await running(session, "sleep 760[34]") === 2, WAIT_MS, "those left");
  await shell.type("exit 4\r");
  const { status, exitCode } = await shell.process.end();
  assertEquals([status, exitCode], ["nonzero_exit", 4]);
  assertEquals(await running(session, "sleep 760[34]"), 0);
  assertEquals((await shell.process.exit()).exitCode, 4);
});

testWithSession("process.resize() tells the program of the new size", async ({ client, open }) => {
  const script = "trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done";
  const { process } = await open(["bash", "-c", script]);
  await process.waitFor({ pattern: "^up" });
  assertEquals((await process.get()).terminal, SIZE);
  const size = { cols: 132, rows: 43 };
  assertEquals(await process.resize(size), { processId: process.id, ...size });
  await process.waitFor({ pattern: "43 132" });
  assertEquals((await process.get()).terminal, size);
  for (const wrong of [{ cols: 0, rows: 1 }, { cols: 1, rows: 1001 }, { cols: 1.5, rows: 1 }]) {
    const { data } = await client.requestError("process.resize", {
      processId: process.id,
      ...wrong,
    });
    assertEquals(data.reason, "invalid_params");
  }
  await process.signal("SIGKILL");
  assertEquals((await process.end()).signal, "SIGKILL");
});

testWithSession("interactive programs and hidden input work", async ({ open }) => {
  const python = await open(["python3", "-q"]);
  await python.has(">>> ");
  await python.type("6 * 7\r", "42");
  await python.type("import os; os.get_terminal_size()\r", "columns=100, lines=30");
  await python.type("\x04");
  assertEquals((await python.process.end()).status, "ok");
  const secret = await open([
    "bash",
    "-c",
    "read -s -p 'Password: ' word; echo; echo got ${#word}",
  ]);
  await secret.has("Password: ");
  await secret.type("hidden\r");
  assertEquals((await secret.process.end()).status, "ok");
  assertEquals(secret.text, "Password: \r\ngot 6\r\n");
});

testWithSession(
  "who attaches later is shown the screen, and what follows exactly once",
  async ({ open }) => {
    const shell = await open(BASH, PROMPT);
    await shell.has("ready> ");
    const paint =
      "printf '\\033[1;31mred\\033[0m \\342\\224\\200 \\033[5;10Hthere'; echo x$((1+1))y\r";
    await shell.type(paint, "x2y");
    await shell.type("seq 1 500; echo z$((1+2))z\r", "z3z");
    await using other = await server.connect();
    const seen = shell.process.seenBy(other);
    const { screen, chunks, droppedChunks } = await seen.attach();
    assert(screen !== undefined);
    assertEquals([screen.cols, screen.rows, chunks, droppedChunks], [100, 30, [], 0]);
    const before = await shell.textBefore(screen.seq);
    assertEquals(await shownBy(SIZE, screen.data), await shownBy(SIZE, before));
    await shell.type("for i in $(seq 1 200); do echo tick $i; done; echo e$((1+3))e\r", "e4e");
    await until(() => textOf(seen.sent()).includes("e4e"), WAIT_MS, "what follows");
    const [first] = seen.sent();
    assertEquals(first?.seq, screen.seq);
    const all = screen.data + textOf(seen.sent());
    const sent = await shell.textBefore(seen.sent().at(-1)!.seq + 1);
    assertEquals(await shownBy(SIZE, all), await shownBy(SIZE, sent));
    await shell.type("exit\r");
    await shell.process.end();
    const after = await seen.attach();
    assertEquals([after.state, after.chunks, after.result?.status], ["ended", [], "ok"]);
    await shell.process.exit();
    assertEquals(await shownBy(SIZE, after.screen!.data), await shownBy(SIZE, shell.text));
    const raw = await seen.attach({ seq: 0 });
    assertEquals([raw.screen, textOf(raw.chunks)], [undefined, shell.text]);
  },
);

testWithSession("the screen of a program that paints all of it is shown", async ({ open }) => {
  const code = `
import curses, time
def main(screen):
    curses.start_color()
    curses.init_pair(1, curses.COLOR_RED, curses.COLOR_BLUE)
    for round in range(200):
        for y in range(0, curses.LINES - 1, 3):
            screen.addstr(y, (round * 7 + y) % 60, f"round {round} ", curses.color_pair(1))
        if round % 20 == 0: screen.insertln(); screen.scrollok(True); screen.scroll(2)
        screen.refresh()
    screen.addstr(5, 5, "painted", curses.A_REVERSE)
    screen.refresh()
    screen.getch()
curses.wrapper(main)`;
  const painter = await open(["python3", "-c", code]);
  await painter.has("painted");
  const { screen } = await painter.process.attach({ stream: false });
  assertStringIncludes(screen!.data, "painted");
  const before = await painter.textBefore(screen!.seq);
  assertEquals(await shownBy(SIZE, screen!.data), await shownBy(SIZE, before));
  await painter.type("q");
  assertEquals((await painter.process.end()).status, "ok");
});

testWithSession(
  "a flood at a terminal stays bounded and stalls nobody",
  async ({ client, session, open }) => {
    const flood = await open([
      "sh",
      "-c",
      "head -c 20000000 /dev/urandom; stty sane; echo; echo END",
    ]);
    const yes = await open(["yes"], { stream: false });
    for (let i = 0; i < 5; i++) assertEquals(await session.output(`print(${i})`), `${i}`);
    const { status, stdoutBytes = 0, stdoutTruncated } = await flood.process.end();
    assertEquals([status, stdoutTruncated], ["ok", true]);
    assert(stdoutBytes > 20_000_000, `${stdoutBytes}`);
    const { chunks } = await flood.process.attach({ seq: 0 });
    assert(textOf(chunks).length < 1.5 * 1024 * 1024);
    assertStringIncludes(textOf(chunks).slice(-20), "END");
    const { screen } = await yes.process.attach({ stream: false });
    assertStringIncludes(screen!.data, "y\r\ny");
    await client.request("session.cancel", { sessionId: session.id, executionId: yes.process.id });
    assertEquals((await yes.process.end()).status, "cancelled");
    assertEquals(await running(session, "yes"), 0);
  },
);

testWithSession("terminals are as many as processes, and end with their session", async (place) => {
  const { client, session, open } = place;
  const terminals = [await open(BASH, PROMPT), await open(BASH, PROMPT), await open(["cat"])];
  const command = { type: "execute_shell", commandName: "bash", background: true, pty: true };
  const refused = await client.requestError("session.execute", {
    sessionId: session.id,
    command,
  });
  assertEquals(refused.data.reason, "process_limit_reached");
  await terminals[2]!.process.closeStdin();
  assertEquals((await terminals[2]!.process.end()).status, "ok");
  const { containerId } = session.created;
  await client.request("session.close", { sessionId: session.id });
  for (const { process } of terminals.slice(0, 2)) {
    assertEquals((await process.end()).status, "cancelled");
  }
  assertEquals(await docker("ps", "-aq", "--filter", `id=${containerId}`), "");
});
