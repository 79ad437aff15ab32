import { assertEquals, assertStringIncludes } from "@std/assert";
import { type Config, ConfigSchema } from "../../src/config/schema.ts";

Deno.test("ConfigSchema fills in every default", () => {
  const config: Config = ConfigSchema.parse({});
  assertEquals(config.host, "127.0.0.1");
  assertEquals(config.port, 5000);
  assertEquals(config.dataDir, ".codebeaker");
  assertEquals(config.idleTimeoutMinutes, 30);
  assertEquals(config.maxLifetimeMinutes, 120);
  assertEquals(config.memoryLimitMB, 512);
  assertEquals(config.defaultTimeoutMs, 30_000);
  assertEquals(config.maxOutputBytes, 1_048_576);
  assertEquals(config.insecure, false);
  assertEquals(config.apiKeys, []);
  assertEquals(config.denoPath, undefined);
});

Deno.test("ConfigSchema lets 50 MB pass in base64 in one message by default", () => {
  const { maxFileBytes, maxMessageBytes, maxSendQueueBytes } = ConfigSchema.parse({});
  const encoded = Math.ceil(50 * 2 ** 20 / 3) * 4;
  assertEquals([maxFileBytes >= 50 * 2 ** 20, maxMessageBytes > encoded], [true, true]);
  assertEquals(maxSendQueueBytes > encoded, true);
});

Deno.test("ConfigSchema takes good values and refuses bad ones", async (t) => {
  const table: [keyof Config, unknown, boolean][] = [
    ["host", "0.0.0.0", true],
    ["host", "::1", true],
    ["host", "box.lan", true],
    ["host", "[::1]", false],
    ["host", "localhost:5000", false],
    ["host", "http://localhost", false],
    ["host", "", false],
    ["host", " localhost", false],
    ["port", 0, true],
    ["port", 65_535, true],
    ["port", 65_536, false],
    ["port", 1.5, false],
    ["port", "5000", false],
    ["port", null, false],
    ["allowedOrigins", ["https://a.example", "http://b.lan:3000"], true],
    ["allowedOrigins", ["chrome-extension://abc"], true],
    ["allowedOrigins", ["*"], false],
    ["allowedOrigins", ["https://a.example/"], false],
    ["allowedOrigins", "https://a.example", false],
    ["allowedHosts", ["a.example", "10.0.0.1", "fd00::1"], true],
    ["allowedHosts", ["a.example:80"], false],
    ["allowedHosts", ["*.example"], false],
    ["maxFileBytes", "50MB", true],
    ["maxFileBytes", "50 apples", false],
    ["maxFileBytes", -1, false],
    ["maxFileBytes", "2GiB", false],
    ["logLevel", "warning", true],
    ["logLevel", "warn", false],
    ["bubblewrap", "require", true],
    ["denoAllowNet", false, true],
    ["denoAllowNet", ["api.example.com"], true],
    ["denoAllowNet", [""], false],
    ["denoAllowRun", ["ls"], false],
    ["denoPath", "/usr/bin/deno", true],
    ["denoPath", "a\0b", false],
    ["idleTimeoutMinutes", 0.5, true],
    ["idleTimeoutMinutes", 0, false],
    ["idleTimeoutMinutes", Infinity, false],
  ];
  for (const [key, value, good] of table) {
    await t.step(`${key} ${JSON.stringify(value)}`, () => {
      assertEquals(ConfigSchema.safeParse({ [key]: value }).success, good);
    });
  }
});

Deno.test("ConfigSchema refuses keys it does not know", () => {
  assertEquals(ConfigSchema.safeParse({ prot: 1 }).success, false);
});

Deno.test("ConfigSchema checks settings against each other", async (t) => {
  const table: [Partial<Config>, keyof Config][] = [
    [{ defaultTimeoutMs: 2000, maxTimeoutMs: 1000 }, "defaultTimeoutMs"],
    [{ idleTimeoutMinutes: 2000 }, "idleTimeoutMinutes"],
    [{ lifetimeCeilingMinutes: 119 }, "maxLifetimeMinutes"],
    [{ memoryLimitMB: 5000 }, "memoryLimitMB"],
    [{ maxCodeBytes: 2 ** 27 }, "maxCodeBytes"],
    [{ maxFileBytes: 80_000_000 }, "maxFileBytes"],
    [{ maxMessageBytes: 85_000_000 }, "maxFileBytes"],
    [{ maxSendQueueBytes: 85_000_000 }, "maxFileBytes"],
  ];
  for (const [settings, blamed] of table) {
    await t.step(JSON.stringify(settings), () => {
      const [issue] = ConfigSchema.safeParse(settings).error?.issues ?? [];
      assertEquals(issue?.path, [blamed]);
      assertStringIncludes(issue?.message ?? "", "Expected at most");
    });
  }
});
