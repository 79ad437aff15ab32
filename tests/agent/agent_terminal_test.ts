import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { AgentRefusal } from "../../src/agent/agent_error.ts";
import type { AgentLink } from "../../src/agent/agent_link.ts";
import type { AgentProcess } from "../../src/agent/agent_process.ts";
import { until } from "../testutil/within.ts";
import { LocalAgent } from "./local_agent.ts";
import { ENV, runHere, runShell } from "./run_here.ts";

const WAIT_MS = 20_000;
const SIZE = { cols: 100, rows: 30 };

/** Starts a program at a terminal, to be typed to. */
function atTerminal(
  link: AgentLink,
  argv: readonly [string, ...string[]],
  options: Partial<AgentProcess> = {},
) {
  const seen = { text: "", pid: 0, stderr: 0 };
  const decoder = new TextDecoder();
  const spec = { argv, cwd: "/", env: ENV, keepStdin: true, terminal: SIZE, ...options };
  const process = link.start(spec, {
    output: (stream, bytes) => {
      if (stream === "stderr") seen.stderr += bytes.length;
      seen.text += decoder.decode(bytes, { stream: true });
    },
    started: (pid) => seen.pid = pid,
  });
  const has = (text: string) => until(() => seen.text.includes(text), WAIT_MS, text);
  const type = (text: string) => process.write(new TextEncoder().encode(text));
  return { process, seen, has, type };
}

Deno.test("AgentLink.start() does give a program a terminal that controls its session", async () => {
  await using agent = await LocalAgent.start();
  const script = "tty; stty size; test -t 0 && test -t 1 && test -t 2 && echo all; " +
    "cut -d ' ' -f 5-8 /proc/$$/stat; echo $$; echo err >&2; ls -l /proc/$$/fd | grep -c pts; exit 7";
  const { process, seen } = atTerminal(agent.link, ["sh", "-c", script]);
  const { code, signal, stopped } = await process.ended;
  assertEquals([code, signal, stopped, seen.stderr], [7, null, false, 0]);
  const [tty, size, all, ids = "", pid, err, files] = seen.text.split("\r\n");
  assert(/^\/dev\/pts\/\d+$/.test(tty!), tty);
  assertEquals([size, all, err, files], ["30 100", "all", "err", "3"]);
  const [group, session, device, foreground] = ids.split(" ");
  assertEquals([group, session, foreground], [pid, pid, pid]);
  // Major number 136 is that of pseudo-terminals.
  assertEquals(Number(device) >> 8, 136);
});

Deno.test("AgentLink.start() does say why a program at a terminal did not start", async () => {
  await using agent = await LocalAgent.start();
  const directory = await Deno.makeTempDir();
  const interpreted = `${directory}/interpreted`;
  const plain = `${directory}/plain`;
  await Deno.writeTextFile(interpreted, "#!/does/not/exist\n", { mode: 0o755 });
  await Deno.writeTextFile(plain, "tty\n", { mode: 0o755 });
  const refusal = async (program: string) => {
    const { process } = atTerminal(agent.link, [program]);
    const error = await process.ended.catch((error) => error);
    assertInstanceOf(error, AgentRefusal);
    return error.code;
  };
  assertEquals(await refusal("does-not-exist"), "PROGRAM_NOT_FOUND");
  assertEquals(await refusal(interpreted), "INTERPRETER_NOT_FOUND");
  const script = atTerminal(agent.link, [plain]);
  assertEquals((await script.process.ended).code, 0);
  assertStringIncludes(script.seen.text, "/dev/pts/");
  await Deno.remove(directory, { recursive: true });
  await using bare = await LocalAgent.start({ launcher: false });
  const { process } = atTerminal(bare.link, ["true"]);
  const error = await process.ended.catch((error) => error);
  assertInstanceOf(error, AgentRefusal);
  assertEquals(error.code, "NO_TERMINAL");
});

Deno.test("AgentProcessHandle.resize() does change the size and tell the program", async () => {
  await using agent = await LocalAgent.start();
  const script = "trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done";
  const { process, has } = atTerminal(agent.link, ["bash", "-c", script]);
  await has("up\r\n");
  process.resize({ cols: 132, rows: 43 });
  await has("43 132\r\n");
  process.stop(5000);
  assertEquals((await process.ended).stopped, true);
});

Deno.test("AgentProcessHandle.write() does type at a shell with job control", async () => {
  await using agent = await LocalAgent.start();
  const shell = ["bash", "--norc", "--noprofile", "-i"] as const;
  const { process, has, type, seen } = atTerminal(agent.link, shell, {
    env: { ...ENV, PS1: "ready> ", TERM: "xterm-256color" },
  });
  await has("ready> ");
  await type("sleep 7654\r");
  await until(() => foregroundOf(seen.pid) !== seen.pid, WAIT_MS, "the job");
  await type("\x03");
  await until(() => foregroundOf(seen.pid) === seen.pid, WAIT_MS, "the end of the job");
  await type("sleep 7655\r");
  await until(() => foregroundOf(seen.pid) !== seen.pid, WAIT_MS, "the other job");
  await type("\x1a");
  await has("Stopped");
  await type("jobs; kill %1; echo a$((1+1))b\r");
  await has("a2b");
  await type("exit 4\r");
  assertEquals((await process.ended).code, 4);
});

Deno.test("agent does end the input of a program at a terminal as often as it is read", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const run = (script: string, stdin?: string) =>
    runShell(link, script, { terminal: SIZE, ...(stdin !== undefined && { stdin }) });
  assertEquals((await run("cat; cat; echo done")).stdout, "done\r\n");
  const given = await run("stty -echo; sleep 0.1; cat; echo done", "one\ntwo\n");
  assert(given.stdout.endsWith("one\r\ntwo\r\ndone\r\n"), given.stdout);
  const open = await run("cat; echo; echo done", "no end of line");
  assert(open.stdout.endsWith("done\r\n"), open.stdout);
  const raw = ["bash", "--norc", "-i"] as const;
  assertEquals((await runHere(link, raw, { terminal: SIZE })).exit.code, 0);
});

Deno.test("agent does lose nothing of a flood at a terminal and end what is left behind", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const { stdout, exit } = await runShell(link, "seq 1 200000; sleep 7777 & echo $!; exit 3", {
    terminal: SIZE,
  });
  assertEquals(exit.code, 3);
  const lines = stdout.split("\r\n");
  assertEquals(lines.length, 200_002);
  assertEquals(lines.slice(0, 200_000).findIndex((line, at) => line !== `${at + 1}`), -1);
  await until(() => !isAlive(Number(lines[200_000])), WAIT_MS, "the end of what was left");
});

Deno.test("agent does go on with a program that lets go of its terminal and takes it again", async () => {
  await using agent = await LocalAgent.start();
  const script = "exec >/dev/null 2>&1 </dev/null; sleep 0.2; echo again >/dev/tty; sleep 0.1";
  const { stdout, exit } = await runShell(agent.link, script, { terminal: SIZE });
  assertEquals([stdout, exit.code], ["again\r\n", 0]);
});

Deno.test("agent does stop a shell at a terminal soon, and what never reads", async () => {
  await using agent = await LocalAgent.start();
  const shell = atTerminal(agent.link, ["bash", "--norc", "-i"]);
  await until(() => shell.seen.text.length > 0, WAIT_MS, "the prompt");
  await shell.type("sleep 7778\r");
  await until(() => foregroundOf(shell.seen.pid) !== shell.seen.pid, WAIT_MS, "the job");
  shell.process.stop(60_000);
  assertEquals((await shell.process.ended).stopped, true);
  const deaf = atTerminal(agent.link, ["sh", "-c", "stty raw -echo; echo up; sleep 1000"]);
  await deaf.has("up");
  void deaf.type("x".repeat(100_000));
  assertEquals((await runHere(agent.link, ["echo", "hi"])).stdout, "hi\n");
  deaf.process.stop(5000);
  assertEquals((await deaf.process.ended).stopped, true);
});

Deno.test("agent does serve many terminals and files at once", async () => {
  await using agent = await LocalAgent.start();
  const terminals = Array.from({ length: 50 }, () => atTerminal(agent.link, ["cat"]));
  await until(() => terminals.every(({ seen }) => seen.pid > 0), WAIT_MS, "the programs");
  await Promise.all(terminals.map(({ type }, index) => type(`number ${index}\n`)));
  await Promise.all(
    terminals.map(({ has }, index) => has(`number ${index}\r\nnumber ${index}\r\n`)),
  );
  assertEquals((await agent.link.files.list("/")).length > 0, true);
  await Promise.all(terminals.map(({ process }) => process.closeStdin()));
  for (const { process } of terminals) assertEquals((await process.ended).code, 0);
});

/** The process group that a terminal's keys reach. */
function foregroundOf(pid: number): number {
  const stat = Deno.readTextFileSync(`/proc/${pid}/stat`);
  return Number(stat.slice(stat.lastIndexOf(")") + 2).split(" ")[5]);
}

function isAlive(pid: number): boolean {
  try {
    return !/\) [ZX] /.test(Deno.readTextFileSync(`/proc/${pid}/stat`));
  } catch {
    return false;
  }
}
