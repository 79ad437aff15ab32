import { assert, assertEquals, assertRejects } from "@std/assert";
import { containerKill } from "../../../../src/runtimes/docker/engine/container_kill.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { execCreate } from "../../../../src/runtimes/docker/engine/exec_create.ts";
import { execResize } from "../../../../src/runtimes/docker/engine/exec_resize.ts";
import { execStart } from "../../../../src/runtimes/docker/engine/exec_start.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { RealEngine } from "./real_engine.ts";
import { run } from "./real_run.ts";
import { bytes } from "./streams.ts";

const docker = await requirement("docker");

Deno.test({
  name: "execStart() runs programs with their streams and exit codes",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    assertEquals(
      await run(engine, container, { Cmd: ["sh", "-c", "echo out; echo err >&2; exit 3"] }),
      { stdout: "out\n", stderr: "err\n", exitCode: 3 },
    );
    const text = "ü".repeat(300_000);
    const echoed = await run(engine, container, { Cmd: ["cat"] }, [bytes(text), bytes("end")]);
    assertEquals(echoed.stdout.length, text.length + 3);
    assertEquals(echoed, { stdout: `${text}end`, stderr: "", exitCode: 0 });
    const env = await run(engine, container, {
      Cmd: ["sh", "-c", "echo $A; pwd"],
      Env: ["A=b c"],
      WorkingDir: "/etc",
    });
    assertEquals(env.stdout, "b c\n/etc\n");
  },
});

Deno.test({
  name: "execStart() gives many programs connections of their own",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    const runs = await Promise.all(
      Array.from(
        { length: 6 },
        (_, index) => run(engine, container, { Cmd: ["cat"] }, [bytes(`input ${index}`)]),
      ),
    );
    assertEquals(runs.map(({ stdout }) => stdout), runs.map((_, index) => `input ${index}`));
  },
});

Deno.test({
  name: "execResize() sets the size of a terminal",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    const { Id } = await execCreate(engine.client, container, {
      Cmd: [
        "sh",
        "-c",
        "trap 'echo resized; exit 0' WINCH; echo ready; while :; do sleep 0.05; done",
      ],
      AttachStdin: true,
      AttachStdout: true,
      Tty: true,
    });
    using connection = await execStart(engine.client, Id, { tty: true });
    let output = "";
    const decoder = new TextDecoder();
    for (let piece; (piece = await connection.read()) !== null;) {
      const wasReady = output.includes("ready");
      output += decoder.decode(piece, { stream: true });
      if (!wasReady && output.includes("ready")) {
        await execResize(engine.client, Id, { rows: 33, columns: 77 });
      }
    }
    assertEquals(output, "ready\r\nresized\r\n");
  },
});

Deno.test({
  name: "execStart() passes on why a program cannot run",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const container = await engine.container();
    const unknown = await assertRejects(
      () => execStart(engine.client, "0".repeat(64)),
      EngineError,
    );
    assertEquals(unknown.kind, "not_found");
    const { Id } = await execCreate(engine.client, container, { Cmd: ["cat"] });
    await containerKill(engine.client, container);
    const ended = await assertRejects(() => execStart(engine.client, Id), EngineError);
    assert(ended.kind === "conflict" || ended.kind === "not_found", ended.message);
    const none = await assertRejects(
      () => execCreate(engine.client, container, { Cmd: ["cat"] }),
      EngineError,
      "is not running",
    );
    assertEquals(none.kind, "conflict");
  },
});
