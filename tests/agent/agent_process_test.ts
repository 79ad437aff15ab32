import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { join } from "@std/path";
import { AgentLostError, AgentRefusal } from "../../src/agent/agent_error.ts";
import { AgentLink } from "../../src/agent/agent_link.ts";
import type { AgentProcess } from "../../src/agent/agent_process.ts";
import { STDIN_WINDOW_BYTES } from "../../src/agent/inside/protocol.ts";
import { peakMemory } from "../testutil/process_tree.ts";
import { until, within } from "../testutil/within.ts";
import { AgentProcess as AgentChild, LocalAgent } from "./local_agent.ts";
import { ENV, runHere, runShell } from "./run_here.ts";

const WAIT_MS = 20_000;
const NEVER = new AbortController().signal;

async function refusalOf(
  link: AgentLink,
  argv: readonly [string, ...string[]],
  options: Partial<AgentProcess> = {},
): Promise<string> {
  const error = await runHere(link, argv, options).then(() => undefined, (error) => error);
  assertInstanceOf(error, AgentRefusal);
  return error.code;
}

for (const launcher of [true, false]) {
  const how = launcher ? "with its launcher" : "without a launcher";

  Deno.test(`AgentLink.run() does tell how a program ends, ${how}`, async () => {
    await using agent = await LocalAgent.start({ launcher });
    const { link } = agent;
    assertEquals(link.ready.launcher, launcher);
    const ended = async (script: string) => {
      const { exit: { code, signal, stopped } } = await runShell(link, script);
      return [code, signal, stopped];
    };
    assertEquals(await ended("exit 0"), [0, null, false]);
    assertEquals(await ended("exit 3"), [3, null, false]);
    assertEquals(await ended("exit 137"), [137, null, false]);
    assertEquals(await ended("kill -SEGV $$"), [null, "SIGSEGV", false]);
    assertEquals(await ended("kill -KILL $$"), [null, "SIGKILL", false]);
    assertEquals(await ended("kill -40 $$"), [null, "SIG40", false]);
  });

  Deno.test(`AgentLink.run() does tell apart why a program cannot be started, ${how}`, async () => {
    await using agent = await LocalAgent.start({ launcher });
    const { link } = agent;
    const directory = await Deno.makeTempDir();
    const path = (name: string) => join(directory, name);
    await Deno.writeTextFile(path("plain"), "text");
    await Deno.writeTextFile(path("interpreted"), "#!/does/not/exist\n", { mode: 0o755 });
    await Deno.writeTextFile(path("script"), "exit 7\n", { mode: 0o755 });
    const remove = [path("leftover")];
    await Deno.writeTextFile(path("leftover"), "");

    assertEquals(await refusalOf(link, ["does-not-exist"], { remove }), "PROGRAM_NOT_FOUND");
    assertEquals(await refusalOf(link, ["/does/not/exist"]), "PROGRAM_NOT_FOUND");
    assertEquals(await refusalOf(link, [""]), "PROGRAM_NOT_FOUND");
    assertEquals(await refusalOf(link, [path("plain")]), "PERMISSION");
    assertEquals(await refusalOf(link, ["plain"], { env: { PATH: directory } }), "PERMISSION");
    assertEquals(await refusalOf(link, [directory]), "EISDIR");
    assertEquals(await refusalOf(link, [path("interpreted")]), "INTERPRETER_NOT_FOUND");
    assertEquals(await refusalOf(link, ["true"], { cwd: "/does/not/exist" }), "CWD_NOT_FOUND");
    assertEquals(await refusalOf(link, ["true"], { cwd: path("plain") }), "CWD_NOT_DIRECTORY");
    assertEquals(await refusalOf(link, ["true", "x".repeat(200_000)]), "E2BIG");

    assertEquals(
      await Array.fromAsync(Deno.readDir(directory), ({ name }) => name === "leftover")
        .then((names) => names.includes(true)),
      false,
    );
    assertEquals((await runHere(link, ["./script"], { cwd: directory })).exit.code, 7);
    assertEquals((await runHere(link, ["true"], { env: {} })).exit.code, 0);
    await Deno.remove(directory, { recursive: true });
  });
}

Deno.test("AgentLink.run() does give a program its arguments, environment, directory and a session of its own", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const env = { ...ENV, GREETING: "hé\nllo" };
  const { stdout } = await runHere(link, [
    "sh",
    "-c",
    'printf "%s|" "$0" "$@"; pwd; env',
    "a b",
    "",
    "'",
  ], {
    env,
    cwd: "/usr",
  });
  assertEquals(stdout.startsWith("a b||'|/usr\n"), true, stdout);
  assert(stdout.includes("GREETING=hé\nllo"));
  const names = [...stdout.matchAll(/^(\w+)=/gm)].map((match) => match[1]).sort();
  assertEquals(names, ["CODEBEAKER_PROCESS", "GREETING", "PATH", "PWD"]);
  const ids = await runShell(
    link,
    "cut -d ' ' -f 5,6 /proc/$$/stat; echo $$; cat /proc/$$/oom_score_adj",
  );
  const [group, session, pid, score] = ids.stdout.split(/\s/);
  assertEquals([group, session, score], [pid, pid, "500"]);
});

Deno.test("AgentLink.run() does hand on every byte in order, each stream apart", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const { stdout, stderr } = await runShell(
    link,
    "for i in 1 2 3 4 5 6 7 8 9; do echo out $i; echo err $i >&2; done",
  );
  const lines = (word: string) =>
    Array.from({ length: 9 }, (_, i) => `${word} ${i + 1}\n`).join("");
  assertEquals([stdout, stderr], [lines("out"), lines("err")]);

  const binary = Uint8Array.from({ length: 300_000 }, (_, at) => (at * 7 + (at >> 8)) & 255);
  const pieces: Uint8Array[] = [];
  await link.run({ argv: ["cat"], cwd: "/", env: ENV, stdin: binary }, {
    output: (_stream, bytes) => pieces.push(bytes),
    signal: NEVER,
  });
  assertEquals(new Uint8Array(await new Blob(pieces as BlobPart[]).arrayBuffer()), binary);
});

Deno.test("AgentLink.run() does hand on what looks like the launcher's word if a program wrote it", async () => {
  await using agent = await LocalAgent.start();
  const { stderr, exit } = await runShell(agent.link, "printf '\\0codebeaker: no\\n' >&2");
  assertEquals([stderr, exit.code], ["\0codebeaker: no\n", 0]);
});

Deno.test("AgentLink.run() does not keep a flood of output in memory", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const flood = async (megabytes: number) => {
    let bytes = 0;
    const argv = ["head", "-c", `${megabytes}000000`, "/dev/zero"] as const;
    await link.run({ argv, cwd: "/", env: ENV }, {
      output: (_stream, piece) => bytes += piece.length,
      signal: NEVER,
    });
    return bytes;
  };
  await flood(10);
  const before = await peakMemory(link.ready.pid);
  assertEquals(await flood(50), 50_000_000);
  const grown = await peakMemory(link.ready.pid) - before;
  assert(grown < 25_000_000, `The agent has grown by ${grown} bytes`);
});

Deno.test("AgentLink.run() does not wait for a program that does not read its input", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const stdin = new Uint8Array(4 * STDIN_WINDOW_BYTES);
  const controller = new AbortController();
  const deaf = Array.from(
    { length: 5 },
    () => runHere(link, ["sleep", "1000"], { stdin, signal: controller.signal, graceMs: 5000 }),
  );
  for (let round = 0; round < 5; round++) {
    assertEquals((await runHere(link, ["cat"], { stdin: "hi" })).stdout, "hi");
  }
  controller.abort();
  for (const { exit } of await Promise.all(deaf)) {
    assertEquals([exit.stopped, exit.signal], [true, "SIGTERM"]);
  }
  assertEquals((await runHere(link, ["true"], { stdin })).exit.code, 0);
  const closed = await runShell(link, "exec <&-; sleep 0.1; echo done", { stdin });
  assertEquals(closed.stdout, "done\n");
});

Deno.test("AgentProcessHandle does write to and signal a process that lives", async () => {
  await using agent = await LocalAgent.start();
  let stdout = "";
  const script =
    "trap 'echo interrupted' INT; hear() { read line || read line; echo got $line; }; hear; hear; hear; exit 5";
  const process = agent.link.start(
    { argv: ["sh", "-c", script], cwd: "/", env: ENV, keepStdin: true, stdin: "first\n" },
    { output: (_stream, bytes) => stdout += new TextDecoder().decode(bytes) },
  );
  await until(() => stdout === "got first\n", WAIT_MS, "the first line");
  await process.write(new TextEncoder().encode("second\n"));
  await until(() => stdout.endsWith("got second\n"), WAIT_MS, "the second line");
  process.signal("SIGINT");
  await until(() => stdout.endsWith("interrupted\n"), WAIT_MS, "the signal");
  await process.write(new TextEncoder().encode("third\n"));
  await process.closeStdin();
  assertEquals((await process.ended).code, 5);
  assertEquals(stdout, "got first\ngot second\ninterrupted\ngot third\n");
});

Deno.test("AgentLink.run() does keep apart what concurrent programs write", async () => {
  await using agent = await LocalAgent.start();
  const runs = Array.from({ length: 20 }, async (_, index) => {
    const script = `for i in 1 2 3 4 5; do echo ${index} $i; echo ${index} $i >&2; done; cat`;
    const { stdout, stderr, exit } = await runShell(agent.link, script, { stdin: `in ${index}` });
    const lines = [1, 2, 3, 4, 5].map((i) => `${index} ${i}\n`).join("");
    assertEquals([stdout, stderr, exit.code], [`${lines}in ${index}`, lines, 0]);
    return exit.alone;
  });
  assert((await Promise.all(runs)).includes(false));
  assertEquals((await runShell(agent.link, "true")).exit.alone, true);
});

Deno.test("AgentLink.run() does not let a program that signals its group reach another", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  const process = link.start({ argv: ["cat"], cwd: "/", env: ENV, keepStdin: true }, {
    output: () => {},
  });
  const { exit } = await runShell(link, "kill -KILL 0");
  assertEquals(exit.signal, "SIGKILL");
  await process.closeStdin();
  assertEquals((await process.ended).code, 0);
});

Deno.test("AgentLink.run() does kill what a program has left behind, and only that", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  let pid = 0;
  const controller = new AbortController();
  const other = runHere(link, ["sleep", "1000"], {
    signal: controller.signal,
    started: (id) => pid = id,
  });
  const left = await runShell(link, "sleep 1000 & echo $!; setsid sleep 1000 & echo $!; sleep 0.1");
  for (const id of left.stdout.trim().split("\n")) {
    assertEquals(await isAlive(Number(id)), false, id);
  }
  assert(await isAlive(pid));
  controller.abort();
  assertEquals((await other).exit.stopped, true);
});

Deno.test("AgentLink.run() does leave a background process what it has started, as long as that writes", async () => {
  await using agent = await LocalAgent.start();
  const { link } = agent;
  let stdout = "";
  const process = link.start({
    argv: ["sh", "-c", "(while :; do echo tick; sleep 0.05; done) & echo $!"],
    cwd: "/",
    env: ENV,
    keep: true,
  }, { output: (_stream, bytes) => stdout += new TextDecoder().decode(bytes) });
  await until(() => stdout.split("tick").length > 3, WAIT_MS, "output after its end");
  await runShell(link, "true");
  const seen = stdout.length;
  await until(() => stdout.length > seen, WAIT_MS, "output after the end of another");
  process.stop(5000);
  const exit = await process.ended;
  assertEquals([exit.code, exit.stopped], [0, true]);
  assertEquals(await isAlive(Number(/\d+/.exec(stdout)?.[0])), false);
});

Deno.test("AgentLink.lost does resolve when the agent is killed, and what runs fails", async () => {
  const agent = await LocalAgent.start();
  const { link } = agent;
  const pids: number[] = [];
  const options = { started: (pid: number) => pids.push(pid) };
  const failures = [1, 2].map(() =>
    runHere(link, ["sleep", "1000"], options).then(() => undefined, (error) => error)
  );
  await until(() => pids.length === 2, WAIT_MS, "the processes");
  Deno.kill(link.ready.pid, "SIGKILL");
  for (const error of await within(Promise.all(failures), WAIT_MS, "the failures")) {
    assertInstanceOf(error, AgentLostError);
  }
  assertEquals((await link.lost).reason, "ended");
  await agent[Symbol.asyncDispose]();
  // Nobody else is left to do it.
  for (const pid of pids) Deno.kill(pid, "SIGKILL");
});

Deno.test("agent does end what it runs when its standard input ends, and ignores what asks it to end", async () => {
  const child = await AgentChild.start();
  const channel = child.channel();
  const link = await AgentLink.open(channel);
  let pid = 0;
  const run = runHere(link, ["sleep", "1000"], { started: (id) => pid = id });
  const failed = run.then(() => undefined, (error) => error);
  await until(() => pid !== 0, WAIT_MS, "the process");
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) {
    Deno.kill(link.ready.pid, signal);
  }
  assertEquals((await runShell(link, "echo still here")).stdout, "still here\n");
  await link[Symbol.asyncDispose]();
  assertInstanceOf(await failed, AgentLostError);
  assertEquals((await child.child.status).code, 0);
  assertEquals(await isAlive(pid), false);
  await child[Symbol.asyncDispose]();
});

/** Whether a process runs; one that has ended and waits to be collected does not. */
async function isAlive(pid: number): Promise<boolean> {
  try {
    const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
    return !/\) [ZX] /.test(stat);
  } catch {
    return false;
  }
}
