import { assertEquals, assertStringIncludes } from "@std/assert";
import { getLogger, withContext } from "@logtape/logtape";
import { configureLogging } from "../../src/logging/configure_logging.ts";

Deno.test("configureLogging() puts ids on every line and drops what is secret", async () => {
  const lines: string[] = [];
  await using _logging = configureLogging({
    level: "info",
    format: "json",
    sink: (l) => lines.push(l),
  });
  const logger = getLogger(["codebeaker", "sessions"]);
  await withContext({ requestId: "r1" }, async () => {
    await Promise.resolve();
    logger.with({ sessionId: "s1" }).info("Ran {code}", { code: "secret", exitCode: 0 });
  });
  logger.info("Outside");
  logger.error("Failed", { error: new Error("bad"), token: "secret" });
  const [first, second, third] = lines.map((line) => JSON.parse(line));
  assertEquals(
    [first.requestId, first.sessionId, first.exitCode, first.message],
    ["r1", "s1", 0, "Ran [redacted]"],
  );
  assertEquals("requestId" in second, false);
  assertEquals(third.error.message, "bad");
  assertEquals(lines.join("").includes("secret"), false);
});

Deno.test("configureLogging() drops lines below the level", async () => {
  const lines: string[] = [];
  await using _logging = configureLogging({ level: "warning", sink: (l) => lines.push(l) });
  const logger = getLogger(["codebeaker"]);
  logger.info("no");
  logger.warning("yes");
  getLogger(["other"]).error("not ours");
  assertEquals(lines.map((line) => JSON.parse(line).message), ["yes"]);
});

Deno.test("configureLogging() called again replaces the set-up before", async () => {
  const first: string[] = [];
  const second: string[] = [];
  const logger = getLogger(["codebeaker"]);
  const older = configureLogging({ format: "pretty", sink: (l) => first.push(l) });
  logger.info("one");
  const newer = configureLogging({ format: "pretty", sink: (l) => second.push(l) });
  logger.info("two");
  await older[Symbol.asyncDispose]();
  logger.info("three");
  await newer[Symbol.asyncDispose]();
  await newer[Symbol.asyncDispose]();
  logger.info("four");
  assertEquals([first.length, second.length], [1, 2]);
});

Deno.test("configureLogging() writes JSON lines to stderr without a terminal", async () => {
  const module = new URL("../../src/logging/configure_logging.ts", import.meta.url);
  const program = `
    import { configureLogging } from ${JSON.stringify(module.href)};
    import { getLogger } from "@logtape/logtape";
    await using _logging = configureLogging();
    for (let i = 0; i < 1000; i++) getLogger(["codebeaker"]).info("Line {i}", { i });
  `;
  const config = new URL("../../deno.json", import.meta.url).pathname;
  const file = await Deno.makeTempFile({ suffix: ".ts" });
  try {
    await Deno.writeTextFile(file, program);
    const { stdout, stderr, success } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "--quiet", "--no-prompt", "--config", config, "--allow-env", file],
      env: { NO_COLOR: "1" },
    }).output();
    const lines = new TextDecoder().decode(stderr).trimEnd().split("\n");
    assertEquals([success, stdout.length, lines.length], [true, 0, 1000]);
    assertEquals(JSON.parse(lines[999] ?? "").message, "Line 999");
    assertStringIncludes(lines[0] ?? "", '"level":"info"');
  } finally {
    await Deno.remove(file);
  }
});
