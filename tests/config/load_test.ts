import { assertEquals, assertStringIncludes } from "@std/assert";
import { loadConfig, type LoadedConfig } from "../../src/config/load.ts";
import type { Config } from "../../src/config/schema.ts";

interface Given {
  args?: string[];
  env?: Record<string, string>;
  files?: Record<string, string>;
}

function load({ args = [], env = {}, files = {} }: Given): Promise<LoadedConfig> {
  return loadConfig({
    args,
    env,
    readTextFile: (path) => {
      const text = files[path];
      return text === undefined
        ? Promise.reject(new Deno.errors.NotFound(`no ${path}`))
        : Promise.resolve(text);
    },
  });
}

async function configOf(given: Given): Promise<Config> {
  const loaded = await load(given);
  if (loaded.kind !== "config") throw new Error(`Loaded ${JSON.stringify(loaded)}`);
  return loaded.config;
}

async function problemsOf(given: Given): Promise<string[]> {
  const loaded = await load(given);
  return loaded.kind === "error" ? loaded.problems : [];
}

Deno.test("loadConfig() prefers flags to variables to the file to defaults", async () => {
  const loaded = await load({
    args: ["--port", "1"],
    env: {
      CODEBEAKER_PORT: "2",
      CODEBEAKER_HOST: "localhost",
      CODEBEAKER_CONFIG: "a.json",
      PATH: "/bin",
    },
    files: { "a.json": '{"$schema": "x", "port": 3, "host": "127.0.0.2", "spares": 4}' },
  });
  if (loaded.kind !== "config") throw new Error(JSON.stringify(loaded));
  const { config, sources } = loaded;
  assertEquals([config.port, sources.port], [1, "flag"]);
  assertEquals([config.host, sources.host], ["localhost", "environment"]);
  assertEquals([config.spares, sources.spares], [4, "file"]);
  assertEquals([config.maxSessions, sources.maxSessions], [1000, "default"]);
});

Deno.test("loadConfig() lets --config override CODEBEAKER_CONFIG", async () => {
  const config = await configOf({
    args: ["--config", "b.json"],
    env: { CODEBEAKER_CONFIG: "a.json" },
    files: { "b.json": '\uFEFF{"port": 7}' },
  });
  assertEquals(config.port, 7);
});

Deno.test("loadConfig() reads every form of flag", async (t) => {
  const table: [string[], Partial<Config>][] = [
    [["--port", "8080"], { port: 8080 }],
    [["--port=8080"], { port: 8080 }],
    [["--", "--port", "1", "--port", "2"], { port: 2 }],
    [["--insecure"], { insecure: true }],
    [["--insecure", "--no-insecure"], { insecure: false }],
    [["--insecure=yes"], { insecure: true }],
    [["--allowed-hosts", "a,b", "--allowed-hosts=c, d"], { allowedHosts: ["a", "b", "c", "d"] }],
    [["--allowed-hosts="], { allowedHosts: [] }],
    [["--max-file-bytes", "50MB"], { maxFileBytes: 50_000_000 }],
    [["--memory-limit-mb", "64"], { memoryLimitMB: 64 }],
    [["--idle-timeout-minutes=0.5"], { idleTimeoutMinutes: 0.5 }],
    [["--deno-allow-net", "--port", "1"], { denoAllowNet: true, port: 1 }],
    [["--no-deno-allow-net"], { denoAllowNet: false }],
    [["--deno-allow-net", "a.example,b.example"], { denoAllowNet: ["a.example", "b.example"] }],
    [["--deno-allow-net=false"], { denoAllowNet: false }],
    [["--deno-path", "/opt/deno"], { denoPath: "/opt/deno" }],
  ];
  for (const [args, expected] of table) {
    await t.step(args.join(" "), async () => {
      const config = await configOf({ args });
      for (const key of Object.keys(expected) as (keyof Config)[]) {
        assertEquals(config[key], expected[key] as Config[typeof key]);
      }
    });
  }
});

Deno.test("loadConfig() reads variables", async (t) => {
  const table: [Record<string, string>, Partial<Config>][] = [
    [{ CODEBEAKER_DATA_DIR: "/data" }, { dataDir: "/data" }],
    [{ CODEBEAKER_MEMORY_LIMIT_MB: "64" }, { memoryLimitMB: 64 }],
    [{ CODEBEAKER_INSECURE: "true" }, { insecure: true }],
    [{ CODEBEAKER_INSECURE: "0" }, { insecure: false }],
    [{ CODEBEAKER_API_KEYS: "a=b, c" }, { apiKeys: ["a=b", "c"] }],
    [{ CODEBEAKER_PORT: "" }, { port: 5000 }],
    [{ CODEBEAKER_DENO: "/a" }, { denoPath: "/a" }],
    [{ CODEBEAKER_DENO: "/a", CODEBEAKER_DENO_PATH: "/b" }, { denoPath: "/b" }],
    [{ CODEBEAKER_DENO_ALLOW_ENV: "LANG,TZ" }, { denoAllowEnv: ["LANG", "TZ"] }],
    [{ CODEBEAKER_REQUIRE: "chromium" }, {}],
  ];
  for (const [env, expected] of table) {
    await t.step(JSON.stringify(env), async () => {
      const config = await configOf({ env });
      for (const key of Object.keys(expected) as (keyof Config)[]) {
        assertEquals(config[key], expected[key] as Config[typeof key]);
      }
    });
  }
});

Deno.test("loadConfig() names everything that is wrong, at once", async () => {
  const problems = await problemsOf({
    args: ["--port", "-1", "--hots=x", "--insecure=maybe", "stray", "--log-level"],
    env: {
      CODEBEAKER_PORTS: "1",
      CODEBEAKER_MAX_SESSIONS: "many",
      CODEBEAKER_ALLOWED_ORIGINS: "https://ok.example,https://bad.example/path",
      CODEBEAKER_CONFIG: "a.json",
    },
    files: { "a.json": '{"spare": 1, "logFormat": "yaml", "maxTimeoutMs": 10}' },
  });
  assertEquals(problems, [
    'Cannot use flag "--hots": there is none of that name, the nearest is --host',
    'Cannot use argument "stray": expected a flag such as --port',
    "Cannot set --log-level: it needs a value, expected one of trace, debug, info, warning, error, fatal",
    'Cannot use variable "CODEBEAKER_PORTS": there is none of that name, the nearest is CODEBEAKER_PORT',
    'Cannot use key "spare" of a.json: there is none of that name, the nearest is spares',
    'Cannot set --port to "-1": expected a whole number from 0 to 65535',
    'Cannot set --insecure to "maybe": expected true or false',
    'Cannot set CODEBEAKER_ALLOWED_ORIGINS to "https://bad.example/path": expected origins such as ' +
    "https://app.example.com, without a path",
    'Cannot set key "logFormat" of a.json to "yaml": expected one of auto, json, pretty',
    'Cannot set CODEBEAKER_MAX_SESSIONS to "many": expected a whole number from 1 to 1000000',
    'Cannot set defaultTimeoutMs to "30000" (its default): expected at most maxTimeoutMs, which is 10 ' +
    '(key "maxTimeoutMs" of a.json)',
  ]);
});

Deno.test("loadConfig() reports a bad value that another one overrides", async () => {
  const problems = await problemsOf({ args: ["--port", "1"], env: { CODEBEAKER_PORT: "x" } });
  assertEquals(problems.length, 1);
  assertStringIncludes(problems[0] ?? "", "CODEBEAKER_PORT");
});

Deno.test("loadConfig() never repeats a secret", async (t) => {
  const secret = "sekret-0123456789";
  const table: [string, Given][] = [
    ["as a flag", { args: ["--api-keys", secret] }],
    ["as a flag with an equals sign", { args: [`--api-keys=${secret}`] }],
    ["as a mistyped flag", { args: ["--api-key", secret, "--apikeys", secret, "-k", secret] }],
    ["in a mistyped variable", { env: { CODEBEAKER_API_KEY: secret } }],
    ["as text in the file", { args: ["--config=a"], files: { a: `{"apiKeys": "${secret}"}` } }],
    ["in a list in the file", {
      args: ["--config=a"],
      files: { a: `{"apiKeys": ["${secret} "]}` },
    }],
    ["in a broken file", { args: ["--config=a"], files: { a: `{"apiKeys": ["${secret}", }` } }],
    ["in a cut file", { args: ["--config=a"], files: { a: `{"apiKeys": ["${secret}` } }],
  ];
  for (const [name, given] of table) {
    await t.step(name, async () => {
      const problems = await problemsOf(given);
      assertEquals(problems.length > 0, true);
      assertEquals(problems.join().includes("sekret"), false);
    });
  }
  await t.step("and says where a key belongs", async () => {
    const [problem = ""] = await problemsOf({ args: ["--api-keys", secret] });
    assertStringIncludes(problem, "CODEBEAKER_API_KEYS");
    assertStringIncludes(problem, "--api-keys-file");
  });
});

Deno.test("loadConfig() refuses a file that is none", async (t) => {
  const table: [string, Record<string, string>, string][] = [
    ["missing", {}, 'Cannot read --config "a.json": NotFound'],
    ["empty", { "a.json": "" }, 'Cannot use configuration file "a.json": it is not JSON'],
    ["a list", { "a.json": "[]" }, "expected one JSON object"],
    ["null", { "a.json": "null" }, "expected one JSON object"],
    ["huge", { "a.json": " ".repeat(2 ** 20 + 1) }, "longer than"],
    ["with a hidden key", { "a.json": '{"__proto__": {"port": 1}}' }, 'Cannot use key "__proto__"'],
    ["with null", { "a.json": '{"port": null}' }, 'key "port" of a.json to "null"'],
  ];
  for (const [name, files, expected] of table) {
    await t.step(name, async () => {
      const [problem = ""] = await problemsOf({ args: ["--config", "a.json"], files });
      assertStringIncludes(problem, expected);
    });
  }
  await t.step("without a name", async () => {
    assertEquals(await problemsOf({ args: ["--config"] }), [
      "Cannot use --config: it needs a file",
    ]);
  });
});

Deno.test("loadConfig() bounds what it repeats", async () => {
  const problems = await problemsOf({
    args: ["--port", "x\n\x1b[31m" + "y".repeat(100_000), "--" + "z".repeat(100_000)],
  });
  for (const problem of problems) {
    assertEquals(problem.length < 300, true);
    assertEquals(problem.includes("\n") || problem.includes("\x1b"), false);
  }
  assertEquals(problems.length, 2);
});

Deno.test("loadConfig() answers --help and --version whatever else is wrong", async () => {
  assertEquals((await load({ args: ["--prot", "--help"] })).kind, "help");
  assertEquals((await load({ args: ["-h"] })).kind, "help");
  assertEquals((await load({ args: ["--version", "--prot"] })).kind, "version");
  assertEquals((await load({ args: ["-V"] })).kind, "version");
});
