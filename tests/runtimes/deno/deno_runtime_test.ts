import {
  assert,
  assertEquals,
  assertMatch,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { InvalidParamsError } from "../../../src/errors.ts";
import type { Permissions } from "../../../src/protocol/permissions.ts";
import { DenoRuntime } from "../../../src/runtimes/deno/deno_runtime.ts";
import type { RunOutcome, Sandbox } from "../../../src/runtimes/runtime.ts";
import { requirement } from "../../testutil/requirement.ts";

const bubblewrap = await requirement("bubblewrap");
const SILENT = { info: () => {}, warning: () => {} };
const TIMEOUT_MS = 20_000;

interface Fixture extends AsyncDisposable {
  runtime: DenoRuntime;
  dataDir: string;
}

async function start(confined: boolean, spares: number): Promise<Fixture> {
  const dataDir = await Deno.makeTempDir();
  const runtime = await DenoRuntime.start({
    dataDir,
    bubblewrap: confined ? "require" : "off",
    spares,
    spareIdleSeconds: 60,
    policy: { allowNet: true, denyNet: ["169.254.0.0/16"], allowEnv: true, allowRun: true },
    maxFileBytes: 1024 * 1024,
    memoryLimitMB: 128,
    diskLimitMB: 8,
    logger: SILENT,
  });
  return {
    runtime,
    dataDir,
    async [Symbol.asyncDispose]() {
      await runtime[Symbol.asyncDispose]();
      await Deno.remove(dataDir, { recursive: true });
    },
  };
}

interface Ran extends RunOutcome {
  stdout: string;
  stderr: string;
}

interface RunInput {
  env?: Record<string, string>;
  stdin?: string;
  signal?: AbortSignal;
  onOutput?: () => void;
}

async function run(
  sandbox: Sandbox,
  program: string | string[],
  input: RunInput = {},
): Promise<Ran> {
  const text = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const { env, stdin } = input;
  const common = { args: Array.isArray(program) ? program.slice(1) : ["a", "b"], env, stdin };
  const outcome = await sandbox.run(
    Array.isArray(program)
      ? { kind: "shell", commandName: program[0] ?? "", workingDirectory: "/workspace", ...common }
      : { kind: "code", code: program, language: "deno", ...common },
    {
      output: (stream, bytes) => {
        text[stream] += decoders[stream].decode(bytes, { stream: true });
        input.onOutput?.();
      },
      signal: input.signal ?? AbortSignal.timeout(TIMEOUT_MS),
    },
  );
  // What it cost is another number each time, where it can be measured at all.
  const { cpuMs: _cpu, memoryPeakBytes: _memory, ...rest } = outcome;
  return { ...rest, ...text };
}

async function create(
  runtime: DenoRuntime,
  permissions?: Permissions,
  memoryLimitMB = 128,
): Promise<Sandbox> {
  return await runtime.createSandbox({ language: "deno", memoryLimitMB, permissions });
}

const bytes = (text: string) => new TextEncoder().encode(text);

for (const confined of [true, false]) {
  for (const spares of [0, 4]) {
    const how = `${confined ? "in bubblewrap" : "without bubblewrap"}, ${spares} spares`;
    Deno.test({
      name: `DenoRuntime runs code at /workspace ${how}`,
      ...(confined ? bubblewrap : {}),
      async fn() {
        await using fixture = await start(confined, spares);
        const status = await fixture.runtime.status();
        assertEquals([status.available, status.details.bubblewrap], [true, confined]);
        await using sandbox = await create(fixture.runtime);
        await sandbox.files.write("calculator.ts", bytes("export const sum: number = 40;"));
        for (let round = 0; round < 3; round++) {
          const ran = await run(
            sandbox,
            `import { sum } from "./calculator.ts";
             import * as same from "/workspace/calculator.ts";
             await Deno.writeTextFile("/workspace/out.txt", "out");
             console.log(sum, same.sum, Deno.args.join(), Deno.cwd(), import.meta.main);
             console.log([...Deno.readDirSync("/workspace")].map((e) => e.name).sort().join());
             console.log(await Deno.readTextFile("out.txt"), globalThis.leak);
             globalThis.leak = 1;
             console.log(await new Response(Deno.stdin.readable).text());`,
            { stdin: "in ü" },
          );
          assertEquals(ran, {
            cause: "exited",
            exitCode: 0,
            stdout: "40 40 a,b /workspace true\ncalculator.ts,out.txt\nout undefined\nin ü\n",
            stderr: "",
          });
        }
      },
    });
  }

  Deno.test({
    name: `DenoRuntime ${
      confined ? "in bubblewrap" : "without bubblewrap"
    } shows no path of the host`,
    ...(confined ? bubblewrap : {}),
    async fn() {
      await using fixture = await start(confined, 2);
      await using sandbox = await create(fixture.runtime);
      const thrown = await run(sandbox, "const a = 1;\n\nthrow new Error(import.meta.url);");
      assertEquals(thrown.exitCode, 1);
      assertStringIncludes(thrown.stderr, "file:///workspace/$code.ts:3:7");
      assert(!(thrown.stderr + thrown.stdout).includes(fixture.dataDir), thrown.stderr);
      await using open = await create(fixture.runtime, { allowEnv: true });
      const env = await run(open, "console.log(JSON.stringify(Deno.env.toObject()))");
      assertEquals([env.exitCode, env.stdout.includes(fixture.dataDir)], [0, false], env.stdout);
      for (const path of ["/etc/hostname", "/proc/self/environ", `${fixture.dataDir}`]) {
        const read = await run(sandbox, `console.log(await Deno.readTextFile("${path}"))`);
        assertEquals([read.exitCode, read.stdout], [1, ""], path);
      }
      await Deno.writeTextFile(`${fixture.dataDir}/x.json`, '{"secret": 1}');
      for (const path of ["/etc/passwd", `${fixture.dataDir}/x.json`, "../../../etc/passwd"]) {
        const code = `import x from "${path}" with { type: "text" }; console.log(x);`;
        const imported = await run(sandbox, code);
        assertEquals([imported.exitCode, imported.stdout], [1, ""], path);
        const dynamic = await run(
          sandbox,
          `console.log((await import("${path}", { with: { type: "text" } })).default)`,
        );
        assertEquals([dynamic.exitCode, dynamic.stdout], [1, ""], path);
      }
    },
  });

  Deno.test({
    name: `DenoRuntime ${
      confined ? "in bubblewrap" : "without bubblewrap"
    } tells code to end before it ends it`,
    ...(confined ? bubblewrap : {}),
    async fn() {
      await using fixture = await start(confined, 1);
      await using sandbox = await create(fixture.runtime);
      const cases: [code: string, said: string][] = [
        ["setTimeout(() => {}, 60000)", "on\n"],
        ["Deno.addSignalListener('SIGTERM', () => {}); on(); for (;;);", "on\n"],
        [
          "Deno.addSignalListener('SIGTERM', () => { console.log('off'); Deno.exit() });" +
          "setTimeout(() => {}, 60000)",
          "on\noff\n",
        ],
      ];
      for (const [code, said] of cases) {
        const stop = new AbortController();
        const ran = await run(
          sandbox,
          `const on = () => Deno.stdout.writeSync(new TextEncoder().encode("on\\n")); ${code}` +
            (code.includes("on();") ? "" : "; on();"),
          { signal: stop.signal, onOutput: () => stop.abort() },
        );
        assertEquals([ran.cause, ran.exitCode, ran.stdout], ["stopped", null, said], code);
      }
    },
  });

  Deno.test({
    name: `DenoRuntime ${confined ? "in bubblewrap" : "without bubblewrap"} ends what goes too far`,
    ...(confined ? bubblewrap : {}),
    async fn() {
      await using fixture = await start(confined, 2);
      await using sandbox = await create(fixture.runtime);
      const loop = new AbortController();
      const looping = run(sandbox, "console.log('on'); for (;;);", {
        signal: loop.signal,
        onOutput: () => loop.abort(),
      });
      assertEquals((await looping).cause, "stopped");
      const heap = await run(sandbox, "const a = []; for (;;) a.push(new Array(1000).fill({}));");
      assertEquals([heap.cause, heap.limit?.kind], ["memory_limit", "memory"]);
      const large = await run(sandbox, `await Deno.writeFile("big", new Uint8Array(9 << 20))`);
      assertEquals([large.cause, large.limit?.kind], ["disk_limit", "disk"]);
      assertEquals((await run(sandbox, "Deno.exit(139)")).exitCode, 139);
      assertEquals((await run(sandbox, "console.log(1)")).stdout, "1\n");
    },
  });
}

Deno.test({
  name: "DenoRuntime holds memory outside of the V8 heap where there are control groups",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 2);
    if ((await fixture.runtime.status()).details.cgroups === false) return;
    await using sandbox = await create(fixture.runtime);
    const ran = await run(
      sandbox,
      "const a = []; for (;;) a.push(new Uint8Array(8 << 20).fill(1));",
    );
    assertEquals([ran.cause, ran.exitCode], ["memory_limit", null]);
  },
});

Deno.test({
  name: "DenoRuntime runs several programs of one sandbox at once",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 4);
    await using sandbox = await create(fixture.runtime);
    const all = await Promise.all(Array.from({ length: 12 }, (_, index) =>
      run(
        sandbox,
        `await Deno.writeTextFile("f${index}", "${index}"); console.log(await Deno.readTextFile("f${index}"))`,
      )));
    assertEquals(all.map(({ stdout }) => stdout), all.map((_, index) => `${index}\n`));
    assertEquals((await sandbox.files.list(".")).length, 12);
  },
});

Deno.test({
  name: "DenoRuntime keeps the workspace when code tries to remove or move it",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 3);
    for (
      const code of ["remove('/workspace', { recursive: true })", "rename('/workspace', '/w')"]
    ) {
      await using sandbox = await create(fixture.runtime);
      const ran = await run(sandbox, `await Deno.${code}`);
      assertEquals(ran.exitCode, 1);
      await sandbox.files.write("after", bytes("1"));
      assertEquals(
        (await run(sandbox, "console.log(await Deno.readTextFile('after'))")).stdout,
        "1\n",
      );
    }
  },
});

Deno.test("DenoRuntime without bubblewrap makes a removed workspace anew", async () => {
  await using fixture = await start(false, 3);
  await using sandbox = await create(fixture.runtime);
  for (let round = 0; round < 3; round++) {
    await run(sandbox, "await Deno.remove('/workspace', { recursive: true })");
    await sandbox.files.write("after", bytes("1"));
    assertEquals(
      (await run(sandbox, "console.log(await Deno.readTextFile('after'))")).stdout,
      "1\n",
    );
  }
});

Deno.test({
  name: "DenoRuntime refuses the name under which code is loaded, and goes on",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 2);
    await using sandbox = await create(fixture.runtime);
    await sandbox.files.write("$code.ts", bytes("mine"));
    const ran = await run(sandbox, "console.log(1)");
    assertEquals(ran.cause, "not_started");
    assertStringIncludes(ran.message ?? "", "reserved");
    assertEquals(new TextDecoder().decode((await sandbox.files.read("$code.ts")).content), "mine");
    await sandbox.files.remove("$code.ts", false);
    assertEquals((await run(sandbox, "console.log(1)")).stdout, "1\n");
  },
});

Deno.test({
  name: "DenoRuntime runs programs inside the outer sandbox only, and ends all they started",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 0);
    await using plain = await create(fixture.runtime);
    const refused = await run(plain, ["ls"]);
    assertEquals(refused.cause, "not_started");
    assertStringIncludes(refused.message ?? "", "allowRun");
    await using sandbox = await create(fixture.runtime, { allowRun: true });
    const ran = await run(sandbox, ["sh", "-c", "echo out; echo err >&2; exit 3"]);
    assertEquals([ran.exitCode, ran.stdout, ran.stderr], [3, "out\n", "err\n"]);
    const seen = await run(sandbox, ["sh", "-c", "ls /root /home; tr '\\0' ' ' < /proc/1/cmdline"]);
    assert(!seen.stdout.includes(fixture.dataDir), seen.stdout);
    const env = await run(sandbox, ["sh", "-c", 'printf %s "$VALUE"'], {
      env: { VALUE: "a'\"\n\\ü" },
    });
    assertEquals(env.stdout, "a'\"\n\\ü");
    assertEquals((await run(sandbox, ["no-such-program"])).cause, "not_started");
    assertEquals((await run(sandbox, ["sh", "-c", "kill -SEGV $$"])).signal, "SIGSEGV");
    const marker = `${7_000_000 + Math.floor(Math.random() * 900_000)}`;
    const stop = new AbortController();
    const detached = run(
      sandbox,
      ["sh", "-c", `(setsid sh -c 'trap "" TERM; sleep ${marker}' &) ; echo on; sleep ${marker}`],
      { signal: stop.signal, onOutput: () => stop.abort() },
    );
    assertEquals((await detached).cause, "stopped");
    const left = await new Deno.Command("pgrep", { args: ["-f", `sleep ${marker}`] }).output();
    assertEquals(new TextDecoder().decode(left.stdout), "");
  },
});

Deno.test({
  name: "DenoRuntime runs deno's own commands on the session's files",
  ...bubblewrap,
  async fn() {
    await using fixture = await start(true, 0);
    // Checking types takes more memory than the programs of the other tests.
    await using sandbox = await create(fixture.runtime, undefined, 512);
    await sandbox.files.write("main.ts", bytes("console.log( Deno.args , 1+1 )"));
    await sandbox.files.write("a_test.ts", bytes("Deno.test('works', () => {});"));
    await sandbox.files.write("wrong.ts", bytes("const a: string = 1; console.log(a);"));
    assertEquals((await run(sandbox, ["deno", "run", "main.ts", "-A"])).stdout, '[ "-A" ] 2\n');
    assertMatch((await run(sandbox, ["deno", "test", "a_test.ts"])).stdout, /1 passed/);
    assertStringIncludes((await run(sandbox, ["deno", "check", "wrong.ts"])).stderr, "TS2322");
    assertEquals((await run(sandbox, ["deno", "fmt", "main.ts"])).exitCode, 0);
    const formatted = new TextDecoder().decode((await sandbox.files.read("main.ts")).content);
    assertEquals(formatted, "console.log(Deno.args, 1 + 1);\n");
    await assertRejects(() => run(sandbox, ["deno", "run", "-A", "main.ts"]), InvalidParamsError);
    await assertRejects(
      () => run(sandbox, ["deno", "run", "main.ts"], { env: { LD_PRELOAD: "/workspace/x.so" } }),
      InvalidParamsError,
      "reserved",
    );
  },
});

Deno.test("DenoRuntime refuses settings of other runtimes instead of dropping them", async () => {
  await using fixture = await start(false, 0);
  const error = await assertRejects(
    () =>
      fixture.runtime.createSandbox({
        language: "deno",
        memoryLimitMB: 64,
        cpus: 1,
        dockerImage: "x",
        network: true,
        permissions: { allowRead: ["/etc"] },
      }),
    InvalidParamsError,
  );
  assertEquals(error.issues.map(({ path }) => path.join(".")), [
    "dockerImage",
    "cpus",
    "network",
    "permissions.allowRead.0",
  ]);
});

Deno.test("DenoRuntime removes what a server that crashed left behind, and itself", async () => {
  const dataDir = await Deno.makeTempDir();
  const abandoned = `${dataDir}/deno-deadbeef`;
  await Deno.mkdir(`${abandoned}/workspaces/w`, { recursive: true });
  await Deno.writeTextFile(`${abandoned}/lock`, "");
  await Deno.mkdir(`${dataDir}/deno-nothing-of-ours`);
  {
    await using runtime = await DenoRuntime.start({
      dataDir,
      bubblewrap: "off",
      spares: 2,
      spareIdleSeconds: 60,
      policy: { allowNet: true, denyNet: [], allowEnv: true, allowRun: false },
      maxFileBytes: 1024,
      memoryLimitMB: 128,
      diskLimitMB: 8,
      logger: SILENT,
    });
    assert((await runtime.status()).available);
  }
  const left = await Array.fromAsync(Deno.readDir(dataDir), ({ name }) => name);
  assertEquals(left, ["deno-nothing-of-ours"]);
  await Deno.remove(dataDir, { recursive: true });
});

Deno.test("DenoRuntime says what is missing when there is no deno", async () => {
  await using runtime = await DenoRuntime.start({
    dataDir: await Deno.makeTempDir(),
    denoPath: "/no/such/deno",
    bubblewrap: "off",
    spares: 0,
    spareIdleSeconds: 60,
    policy: { allowNet: true, denyNet: [], allowEnv: true, allowRun: false },
    maxFileBytes: 1024,
    memoryLimitMB: 128,
    diskLimitMB: 8,
    logger: SILENT,
  });
  const status = await runtime.status();
  assertEquals(status.available, false);
  assertStringIncludes(status.reason ?? "", "--deno-path");
});
