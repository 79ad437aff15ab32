import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { AgentLostError } from "../../src/agent/agent_error.ts";
import type { AgentLink, AgentLinkOptions } from "../../src/agent/agent_link.ts";
import { requirement } from "../testutil/requirement.ts";
import { until, within } from "../testutil/within.ts";
import { LocalAgent } from "./local_agent.ts";
import { runHere, runShell } from "./run_here.ts";

const bubblewrap = await requirement("bubblewrap");
const WAIT_MS = 20_000;

/** An agent that is alone with what it starts, and the directory that it sees as `/workspace`. */
class Sandbox implements AsyncDisposable {
  readonly link: AgentLink;
  readonly workspace: string;
  readonly #agent: LocalAgent;

  private constructor(agent: LocalAgent, workspace: string) {
    this.link = agent.link;
    this.workspace = workspace;
    this.#agent = agent;
  }

  static async start(options: AgentLinkOptions = {}): Promise<Sandbox> {
    const workspace = await Deno.makeTempDir({ prefix: "codebeaker-agent-" });
    return new Sandbox(await LocalAgent.start({ workspace }, options), workspace);
  }

  /** The processes that run in it beside the sandbox's own and the agent, by their ids outside of it. */
  async processes(): Promise<number[]> {
    const all = await processesIn(this.workspace);
    return all.filter(({ command }) => !/bwrap|--sole/.test(command)).map(({ pid }) => pid);
  }

  /** Lets a suspended agent go on, so that it sees the end of its channel. */
  async resumeAgent(): Promise<void> {
    const all = await processesIn(this.workspace);
    for (const { pid, command } of all) if (command.includes("--sole")) Deno.kill(pid, "SIGCONT");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent[Symbol.asyncDispose]();
    await Deno.remove(this.workspace, { recursive: true });
  }
}

/** Starts what is hard to find again: none of it has the session, the parent or the mark of the program. */
const HIDE = `
  sleep 1000 &
  setsid sleep 1000 &
  (setsid sh -c 'trap "" TERM HUP INT; sleep 1000' >/dev/null 2>&1 &)
  (setsid env -i /bin/sh -c 'trap "" TERM HUP INT; (/bin/sleep 1000 &) ; /bin/sleep 1000' &) >/dev/null 2>&1
  (env -i setsid setsid /bin/sleep 1000 &) >/dev/null 2>&1
  sleep 0.2
`;

Deno.test({
  name: "AgentLink.open() does find an agent that is alone and lets nobody look into it",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const { ready } = sandbox.link;
    assertEquals([ready.sole, ready.shielded, ready.launcher], [true, true, true]);
    const { stdout } = await runShell(
      sandbox.link,
      `cd /proc/$PPID
      cat environ && echo environment
      (readlink fd/1; : < fd/0) && echo input
      (: > fd/1) && echo output
      (: < mem) && echo memory`,
    );
    assertEquals(stdout, "");
  },
});

Deno.test({
  name: "AgentLink.run() does end everything that a program has started when it exits",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const { exit } = await runShell(sandbox.link, `${HIDE} ls -d /proc/[0-9]*; exit 4`);
    assertEquals([exit.code, exit.stopped, exit.alone], [4, false, true]);
    assertEquals(await sandbox.processes(), []);
  },
});

Deno.test({
  name: "AgentLink.run() does end everything that a program has started when it is stopped",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const controller = new AbortController();
    const run = runShell(sandbox.link, `trap '' TERM; ${HIDE} touch /workspace/ready; sleep 1000`, {
      signal: controller.signal,
      graceMs: 50,
    });
    await until(() => exists(`${sandbox.workspace}/ready`), WAIT_MS, "the program");
    await until(async () => (await sandbox.processes()).length >= 8, WAIT_MS, "all it starts");
    controller.abort();
    const { exit } = await within(run, WAIT_MS, "the end");
    assertEquals([exit.code, exit.signal, exit.stopped], [null, "SIGKILL", true]);
    assertEquals(await sandbox.processes(), []);
  },
});

Deno.test({
  name:
    "AgentLink.run() does end everything that a program has started, and nothing of another that runs",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const { link } = sandbox;
    const other = new AbortController();
    const beside = runShell(link, "setsid sleep 500 & sleep 500", { signal: other.signal });
    await until(async () => (await sandbox.processes()).length === 3, WAIT_MS, "the other");
    const mine = await sandbox.processes();

    const { exit } = await runShell(link, HIDE);
    assertEquals([exit.code, exit.alone], [0, false]);
    assertEquals(await sandbox.processes(), mine);

    const controller = new AbortController();
    const script = `trap '' TERM; ${HIDE} touch /workspace/ready; sleep 1000`;
    const run = runShell(link, script, { signal: controller.signal, graceMs: 50 });
    await until(() => exists(`${sandbox.workspace}/ready`), WAIT_MS, "the program");
    controller.abort();
    assertEquals((await within(run, WAIT_MS, "the end")).exit.stopped, true);
    assertEquals(await sandbox.processes(), mine);

    other.abort();
    assertEquals((await within(beside, WAIT_MS, "the other's end")).exit.signal, "SIGTERM");
    assertEquals(await sandbox.processes(), []);
  },
});

Deno.test({
  name:
    "AgentLink.run() does give all that a program has started the time to end when it is stopped",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const controller = new AbortController();
    const child = "trap 'sleep 0.3; touch /workspace/tidy; exit' TERM; touch /workspace/ready; " +
      "while :; do sleep 0.05; done";
    const run = runHere(sandbox.link, ["sh", "-c", `setsid sh -c "$0" & sleep 1000`, child], {
      signal: controller.signal,
      graceMs: 15_000,
    });
    await until(() => exists(`${sandbox.workspace}/ready`), WAIT_MS, "the program");
    controller.abort();
    const { exit } = await within(run, WAIT_MS, "the end");
    assertEquals([exit.signal, exit.stopped], ["SIGTERM", true]);
    assert(await exists(`${sandbox.workspace}/tidy`));
    assertEquals(await sandbox.processes(), []);
  },
});

Deno.test({
  name: "AgentLink.lost does resolve when a program kills everything, and nothing hangs",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const { link } = sandbox;
    const errorOf = (promise: Promise<unknown>) =>
      within(promise.then(() => undefined, (error) => error), WAIT_MS, "the failure");
    const others = [
      errorOf(runHere(link, ["sleep", "1000"])),
      errorOf(runHere(link, ["cat"], { stdin: new Uint8Array(2_000_000), keepStdin: true })),
    ];
    assertInstanceOf(await errorOf(runShell(link, "kill -9 -1")), AgentLostError);
    for (const error of await Promise.all(others)) assertInstanceOf(error, AgentLostError);
    assertInstanceOf(await errorOf(link.files.info("/workspace")), AgentLostError);
    assertEquals((await link.lost).reason, "ended");
  },
});

Deno.test({
  name: "AgentLink.lost does resolve when a program suspends the agent",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start({ silenceMs: 500, answerMs: 500 });
    const run = runShell(sandbox.link, "kill -STOP $PPID; sleep 1000").catch((error) => error);
    assertEquals((await within(sandbox.link.lost, WAIT_MS, "the loss")).reason, "unresponsive");
    assertInstanceOf(await run, AgentLostError);
    // Only the end of the sandbox ends what is suspended.
    await sandbox.resumeAgent();
  },
});

Deno.test({
  name: "AgentLink.run() does catch what goes from process to process, though another program runs",
  ...bubblewrap,
  async fn() {
    await using sandbox = await Sandbox.start();
    const { link } = sandbox;
    const other = new AbortController();
    const beside = runHere(link, ["sleep", "500"], { signal: other.signal });
    await until(async () => (await sandbox.processes()).length === 1, WAIT_MS, "the other");
    const mine = await sandbox.processes();
    const hop = "touch /workspace/ready; setsid sh $0 >/dev/null 2>&1 &";
    for (let round = 0; round < 5; round++) {
      const { exit } = await runHere(link, ["sh", "/workspace/hop"], {
        files: [{ path: "/workspace/hop", content: hop }],
      });
      assertEquals([exit.code, exit.alone], [0, false]);
      assertEquals(await sandbox.processes(), mine);
    }
    other.abort();
    await within(beside, WAIT_MS, "the other's end");
  },
});

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** What runs in the sandbox that sees a directory, found by what is mounted there. */
async function processesIn(workspace: string): Promise<{ pid: number; command: string }[]> {
  const read = (path: string) => Deno.readTextFile(`/proc/${path}`).catch(() => "");
  const found: { pid: number; command: string }[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || !(await read(`${name}/mountinfo`)).includes(workspace)) continue;
    // What has ended and waits to be collected does not run.
    if (/\) [ZX] /.test(await read(`${name}/stat`))) continue;
    found.push({ pid: Number(name), command: await read(`${name}/cmdline`) });
  }
  return found;
}
