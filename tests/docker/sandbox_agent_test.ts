import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { MethodInput } from "../../src/protocol/methods.ts";
import type { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";
import { FIND_AGENTS, leakCheck, programsIn, script, stdoutOf } from "./sandbox_attack.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const leaks = leakCheck(requirement);
const server = dockerServer(requirement, { env: { CODEBEAKER_CONTAINER_SPARES: "1" } });

/** A session with a file in it that must survive whatever is done there. */
async function withPython(
  run: (session: TestSession) => Promise<void>,
  params: Partial<MethodInput<"session.create">> = {},
): Promise<void> {
  await leaks(server.process);
  await server.withSession(async (session) => {
    await session.write("keep.txt", "kept");
    await run(session);
  }, { language: "python", ...params });
}

/** Commands and files work as if nothing had been. */
async function assertGoesOn(session: TestSession): Promise<void> {
  const { status, error, result } = await session.shell("cat", ["keep.txt"]);
  assertEquals([status, error], ["ok", null]);
  assertEquals((result as { stdout: string }).stdout, "kept");
  assertEquals(await session.output("print(6 * 7)"), "42");
  assertEquals(await session.read("keep.txt"), "kept");
  assertEquals(await programsIn(session), []);
}

Deno.test({
  ...requirement,
  name: "code cannot look into the agent or reach its descriptors",
  async fn() {
    await withPython(async (session) => {
      const output = await session.output(`${FIND_AGENTS}
assert AGENTS
def attempt(name, action):
    try: print(name, "GOT", repr(action())[:60])
    except OSError as error: print(name, "refused", error.strerror)
def call(name, *arguments):
    def made():
        result = libc.syscall(*arguments) if name != "ptrace" else libc.ptrace(*arguments)
        if result < 0: raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
        return result
    return made
class Vector(ctypes.Structure): _fields_ = [("at", ctypes.c_void_p), ("length", ctypes.c_size_t)]
buffer = ctypes.create_string_buffer(16)
here, there = Vector(ctypes.addressof(buffer), 16), Vector(0x400000, 16)
for pid in AGENTS:
    for name in ["environ", "maps", "smaps", "auxv", "stack", "syscall", "pagemap", "io", "mem"]:
        attempt(name, lambda: open(f"/proc/{pid}/{name}", "rb").read(16))
    for name in ["mem", "oom_score_adj", "comm", "clear_refs", "coredump_filter"]:
        attempt(f"write {name}", lambda: open(f"/proc/{pid}/{name}", "r+b"))
    for name in ["fd", "fdinfo", "map_files"]: attempt(name, lambda: os.listdir(f"/proc/{pid}/{name}"))
    for name in ["cwd", "root", "exe", "ns/net", "fd/0"]: attempt(name, lambda: os.readlink(f"/proc/{pid}/{name}"))
    for number in range(12):
        attempt("read fd", lambda: os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
        attempt("write fd", lambda: os.open(f"/proc/{pid}/fd/{number}", os.O_WRONLY | os.O_NONBLOCK))
    attempt("attach", call("ptrace", 16, pid, 0, 0))
    attempt("seize", call("ptrace", 0x4206, pid, 0, 0))
    vectors = [ctypes.byref(here), 1, ctypes.byref(there), 1, 0]
    attempt("process_vm_readv", call("syscall", 310, pid, *vectors))
    attempt("process_vm_writev", call("syscall", 311, pid, *vectors))
    held = libc.syscall(434, pid, 0)
    for number in range(6): attempt("pidfd_getfd", call("syscall", 438, held, number, 0))
`);
      assertEquals(output.split("\n").filter((line) => line.includes("GOT")), []);
      assert(output.split("\n").length > 45, output);
      await assertGoesOn(session);
    });
  },
});

Deno.test({
  ...requirement,
  name: "code that writes garbage into all its descriptors harms only its own output",
  async fn() {
    await withPython(async (session) => {
      const code = `${FIND_AGENTS}
garbage = os.urandom(100_000) + b"\\x01\\x00\\x00\\x00{}" * 1000
for number in range(3, 256):
    try: os.write(number, garbage)
    except OSError: pass
print(sorted(os.listdir("/proc/self/fd"))[:3])
os.write(2, garbage)`;
      const { status, result, stderrBytes } = await session.code(code, { stdin: "some" });
      assertEquals([status, result, stderrBytes], ["ok", "['0', '1', '2']", 106_000]);
      await assertGoesOn(session);
    });
  },
});

Deno.test({
  ...requirement,
  name: "a command that kills every process says what happened, and the session goes on",
  async fn() {
    await withPython(async (session) => {
      for (const kill of ["kill -9 -1; sleep 60", "trap '' TERM; kill -9 -1; sleep 60"]) {
        const { success, status, error, durationMs } = await script(session, kill);
        assertEquals([success, status], [false, "session_lost"]);
        assertStringIncludes(String(error), "maybe by the command itself");
        assertStringIncludes(String(error), "the session and its files are still there");
        assert(durationMs < 30_000, "It was not the deadline that ended it");
        await assertGoesOn(session);
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "signals to everything at once end the command alone, or the agent with it",
  async fn() {
    await withPython(async (session) => {
      for (
        const name of [
          ...["TERM", "INT", "HUP", "QUIT", "USR1", "USR2", "ALRM", "XFSZ", "PIPE", "CHLD", "CONT"],
          ...["TSTP", "TTIN", "TTOU", "SEGV", "ABRT", "XCPU", "STKFLT", "RTMIN+1"],
        ]
      ) {
        const { status } = await session.shell("sh", ["-c", `kill -s ${name} -1; echo after`]);
        assert(
          ["ok", "signaled", "session_lost", "nonzero_exit"].includes(String(status)),
          `${name}: ${status}`,
        );
        assertEquals([name, await session.read("keep.txt")], [name, "kept"]);
      }
      await assertGoesOn(session);
    });
  },
});

Deno.test({
  ...requirement,
  name:
    "a process that kills every new agent for as long as it lives does not outlive the next command",
  async fn() {
    await withPython(async (session) => {
      const code = `import os
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        os.execve(${JSON.stringify("/usr/bin/python3")}, ["python3", "-c", '''
import os, signal
for number in range(1, 32):
    try: signal.signal(number, signal.SIG_IGN)
    except OSError: pass
while True:
    for name in os.listdir("/proc"):
        if name.isdigit() and int(name) not in (1, os.getpid()):
            try: os.kill(int(name), 9)
            except OSError: pass
'''], {})
    os._exit(0)
import time
time.sleep(60)`;
      for (let round = 0; round < 2; round++) {
        assertEquals((await session.code(code)).status, "session_lost");
        await assertGoesOn(session);
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "a command that suspends the agent ends by its deadline and says so",
  async fn() {
    await leaks(server.process);
    await using client = await server.connect();
    const { sessionId } = await client.request("session.create", { language: "python" });
    const command = {
      type: "execute_shell" as const,
      commandName: "sh",
      args: ["-c", "kill -STOP -1; sleep 60"],
    };
    const { success, status, error } = await client.request("session.execute", {
      sessionId,
      command,
      timeoutMs: 1000,
    });
    assertEquals(success, false);
    assert(["timeout", "session_lost"].includes(String(status)), String(status));
    assertStringIncludes(String(error), "Timed out after 1000 ms");
    await client.call("session.close", { sessionId });
  },
});

Deno.test({
  ...requirement,
  name: "a session whose agent was suspended goes on with its files",
  async fn() {
    for (const attack of ["kill -STOP -1; sleep 60", "setsid -f sh -c 'kill -STOP -1'; sleep 60"]) {
      await withPython(async (session) => {
        const { status } = await script(session, attack, { timeoutMs: 1000 });
        assert(["timeout", "session_lost"].includes(String(status)), String(status));
        await assertGoesOn(session);
      });
    }
  },
});

Deno.test({
  ...requirement,
  name: "limits that code sets on the agent do not outlive the next command",
  async fn(t) {
    for (const limit of ["NOFILE", "NPROC", "AS", "DATA", "STACK", "FSIZE", "CPU"]) {
      await t.step(`RLIMIT_${limit}`, async () => {
        await withPython(async (session) => {
          const code = `${FIND_AGENTS}
for pid in AGENTS: resource.prlimit(pid, resource.RLIMIT_${limit}, (8, 8))`;
          const { status } = await session.code(code);
          assert(["ok", "session_lost"].includes(String(status)), String(status));
          await assertGoesOn(session);
          const limits = await session.output("print(open('/proc/self/limits').read())");
          assertMatch(limits, /^Max open files +4096 +4096/m);
          assertEquals(/^Max .*? {2,}8 +8 /m.exec(limits)?.[0], undefined);
        });
      });
    }
    await t.step("priority", async () => {
      await withPython(async (session) => {
        const code = `${FIND_AGENTS}
for pid in AGENTS:
    os.setpriority(os.PRIO_PROCESS, pid, 19)
    os.sched_setscheduler(pid, os.SCHED_IDLE, os.sched_param(0))`;
        await session.code(code);
        const look =
          "import os; print(os.getpriority(os.PRIO_PROCESS, 0), os.sched_getscheduler(0))";
        assertEquals(await session.output(look), "0 0");
      });
    });
  },
});

Deno.test({
  ...requirement,
  name: "code cannot make the kernel prefer the agent when memory is short",
  async fn() {
    await withPython(async (session) => {
      const output = await session.output(`${FIND_AGENTS}
own = int(open("/proc/self/oom_score_adj").read())
for pid in AGENTS: print(own > int(open(f"/proc/{pid}/oom_score_adj").read()))
for name in [*AGENTS, "self"]:
    try: os.write(os.open(f"/proc/{name}/oom_score_adj", os.O_WRONLY), b"-500" if name == "self" else b"1000")
    except OSError: print("refused")`);
      assertEquals([...new Set(output.split("\n"))], ["True", "refused"]);
    });
  },
});

const BOMBS = {
  "of bash": [
    "bash",
    "-c",
    ":(){ while :; do (: & while :; do : & done) & done; }; : 2>/dev/null; wait",
  ],
  "that ignores refusals": [
    "python3",
    "-c",
    "import os\nwhile True:\n  try: os.fork()\n  except OSError: pass",
  ],
  "whose children lead sessions and ignore signals": [
    "python3",
    "-c",
    `import os, signal
for number in range(1, 32):
  try: signal.signal(number, signal.SIG_IGN)
  except OSError: pass
while True:
  try:
    if os.fork() == 0: os.setsid()
  except OSError: pass`,
  ],
} as const;

for (const [what, [program, ...args]] of Object.entries(BOMBS)) {
  Deno.test({
    ...requirement,
    name: `a fork bomb ${what} ends at its deadline and leaves nothing`,
    async fn() {
      await withPython(async (session) => {
        for (let round = 0; round < 2; round++) {
          const { success, status, limit } = await session.shell(program!, args, {
            timeoutMs: 2000,
          });
          assertEquals(success, false);
          assert(["timeout", "process_limit"].includes(String(status)), String(status));
          assertEquals(limit?.configured, status === "timeout" ? 2000 : 64);
          await assertGoesOn(session);
        }
      }, { pidsLimit: 64 });
    },
  });
}

Deno.test({
  ...requirement,
  name: "a fork bomb that its shell does not wait for ends with the shell",
  async fn() {
    await withPython(async (session) => {
      const { status } = await script(session, ":(){ :|:& };:", { timeoutMs: 25_000 });
      assert(["ok", "process_limit", "nonzero_exit"].includes(String(status)), String(status));
      await assertGoesOn(session);
    }, { pidsLimit: 64 });
  },
});

Deno.test({
  ...requirement,
  name: "a program that is refused processes and fails for it has process_limit",
  async fn() {
    await withPython(async (session) => {
      const answer = await session.code("import os\nwhile True: os.fork()");
      assertEquals([answer.status, answer.limit], ["process_limit", {
        kind: "processes",
        configured: 64,
      }]);
      assertStringIncludes(String(answer.error), "Limit of 64 processes and threads reached");
      await assertGoesOn(session);
    }, { pidsLimit: 64 });
  },
});

Deno.test({
  ...requirement,
  name: "what a command leaves behind ends with it, whatever it holds",
  async fn() {
    await withPython(async (session) => {
      const stubborn = `trap "" TERM HUP INT; while :; do sleep 0.1; done`;
      for (
        const text of [
          `(setsid bash -c '${stubborn}' &) ; echo out`,
          `setsid -f env -i bash -c '${stubborn}'; echo out`,
          `nohup bash -c '${stubborn}' >/dev/null 2>&1 & disown; echo out`,
          `python3 -c 'import os
if os.fork() == 0:
  os.setsid()
  if os.fork() == 0:
    for i in range(30): os.fork() or os.setsid()
    while True: pass
  os._exit(0)'; echo out`,
        ]
      ) {
        const answer = await script(session, text);
        assertEquals([answer.status, stdoutOf(answer)], ["ok", "out\n"]);
        assertEquals(await programsIn(session), []);
      }
    });
  },
});

Deno.test({
  ...requirement,
  name: "a deadline ends the programs that ignore it, and their children",
  async fn() {
    await withPython(async (session) => {
      const text = `trap '' TERM HUP INT
setsid -f bash -c "trap '' TERM; while :; do sleep 0.1; done"
(setsid bash -c "trap '' TERM; sleep 300" &)
echo begun
while :; do sleep 0.1; done`;
      const answer = await script(session, text, { timeoutMs: 500 });
      assertEquals([answer.status, answer.limit?.configured], ["timeout", 500]);
      assertEquals(stdoutOf(answer), "begun\n");
      assertEquals(await programsIn(session), []);
      await assertGoesOn(session);
    });
  },
});

Deno.test({
  ...requirement,
  name: "500 MB of output cost the server no memory and are counted",
  async fn() {
    await withPython(async (session) => {
      const bytes = 500_000_000;
      const flood = (target: string) =>
        script(session, `head -c ${bytes} /dev/zero | tr '\\0' a ${target}`, {
          timeoutMs: 120_000,
        });
      // The first one makes what the server keeps: buffers, compiled code.
      await script(session, "head -c 50000000 /dev/zero | tr '\\0' a");
      const before = await residentBytes(server.process.pid);
      const out = await flood("");
      assertEquals([out.status, out.stdoutBytes, out.stdoutTruncated], ["ok", bytes, true]);
      assert(stdoutOf(out).length < 2 ** 21);
      const error = await flood(">&2");
      assertEquals([error.status, error.stderrBytes, error.stderrTruncated], ["ok", bytes, true]);
      const grown = await residentBytes(server.process.pid) - before;
      assert(grown < 200 * 2 ** 20, `The server has grown by ${grown} bytes`);
      await assertGoesOn(session);
    });
  },
});

async function residentBytes(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/^VmRSS:\s+(\d+) kB/m.exec(text)?.[1]) * 1024;
}

Deno.test({
  ...requirement,
  name: "sessions see neither processes nor files of each other",
  async fn() {
    await withPython(async (one) => {
      await withPython(async (other) => {
        await one.write("secret-one.txt", "x");
        const running = one.shell("sleep", ["2"], { concurrent: true });
        const look =
          "ls /proc/*/cmdline | wc -l; cat /proc/*/cmdline 2>/dev/null; ls /workspace /tmp";
        const seen = stdoutOf(await script(other, `echo x > /tmp/other; ${look}`));
        assertEquals(seen.includes("secret-one"), false);
        assertStringIncludes(seen, "sleep\x002147483647");
        assertEquals(seen.includes("sleep\x002\x00"), false);
        assertEquals(stdoutOf(await script(one, "ls /tmp")), "");
        await running;
      });
    });
  },
});

// Commands of one session that run at the same time have one user: through /proc/<pid>/fd each can read what
// goes to the other's standard input and write into its standard output. That is so (tried) and documented
// ("Commands of one session trust each other" in docs/security.md); nothing here claims otherwise.

Deno.test({
  ...requirement,
  name: "a program cannot forge a verdict by what it writes",
  async fn(t) {
    const words = {
      "Killed": "Killed\n",
      "V8's": "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory\n",
      "the JVM's": 'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space\n',
      "Go's": "fatal error: runtime: out of memory\n",
      "those of C++": "terminate called after throwing an instance of 'std::bad_alloc'\n",
      ".NET's": "Out of memory.\n",
    };
    for (const [whose, text] of Object.entries(words)) {
      await t.step(whose, async () => {
        await withPython(async (session) => {
          const code = `import os
os.write(2, ${JSON.stringify(text).replaceAll("\\u0000", "\\x00")}.encode())
os._exit(2)`;
          const answer = await session.code(code);
          assertEquals([answer.status, answer.exitCode], ["nonzero_exit", 2]);
        });
      });
    }
  },
});

Deno.test({
  ...requirement,
  name: "a command does not get the verdict of another that runs beside it",
  async fn() {
    await withPython(async (session) => {
      const innocent = script(session, "sleep 3; exit 7", { concurrent: true });
      const hog = session.code("x = bytearray(800 * 2 ** 20)\nprint(len(x))", { concurrent: true });
      assertEquals((await hog).status, "memory_limit");
      const { status, exitCode } = await innocent;
      assertEquals([status, exitCode], ["nonzero_exit", 7]);
    }, { memoryLimitMB: 100 });
  },
});
