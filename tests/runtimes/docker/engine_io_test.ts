import { assertRejects, unimplemented } from "@std/assert";
import { CommandError } from "../../../src/errors.ts";
import type { EngineClient } from "../../../src/runtimes/docker/engine/engine_client.ts";
import { EngineIo } from "../../../src/runtimes/docker/engine_io.ts";

Deno.test("EngineIo.run() runs nothing in the background, and says what that takes", async () => {
  const engine = new Proxy({}, { get: () => unimplemented }) as EngineClient;
  await using io = new EngineIo(engine, "id", { maxFileBytes: 1 });
  const program = { argv: ["sleep"] as const, cwd: "/", env: {}, background: true };
  const options = { output: () => {}, signal: new AbortController().signal };
  await assertRejects(() => io.run(program, options), CommandError, "takes the agent");
});
