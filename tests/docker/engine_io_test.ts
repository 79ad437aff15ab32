import { assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { CommandError, SandboxError } from "../../src/errors.ts";
import { ProgramNotStarted } from "../../src/runtimes/docker/container_io.ts";
import { EngineIo } from "../../src/runtimes/docker/engine_io.ts";
import { readBusyboxRootfs } from "./busybox_rootfs.ts";
import { containerIoSuite, MAX_FILE_BYTES } from "./container_io_suite.ts";
import { EngineFixture, testImage, type TestLimits } from "./engine_fixture.ts";
import { runIn, shellIn } from "./run_in.ts";

const found = await testImage();

function connect(fixture: EngineFixture, id: string): Promise<EngineIo> {
  return Promise.resolve(new EngineIo(fixture.engine, id, { maxFileBytes: MAX_FILE_BYTES }));
}

containerIoSuite("EngineIo", {
  ...found,
  connect,
  container: (fixture, limits?: TestLimits) => fixture.container(found.image, limits),
});

Deno.test({
  name: "EngineIo run() tells signals from exit codes where sh is bash",
  ignore: found.ignore,
  fn: async () => {
    await using fixture = await EngineFixture.open();
    const id = await fixture.container(found.image);
    await fixture.put(id, [{ type: "symlink", name: "usr/bin/sh", linkName: "bash" }]);
    await using io = await connect(fixture, id);
    for (const signal of ["SEGV", "KILL", "TERM", "ABRT"]) {
      const { code, signal: ended } = await shellIn(io, `kill -${signal} $$`);
      assertEquals([code, ended], [null, `SIG${signal}`]);
    }
    assertEquals((await shellIn(io, "exit 139")).code, 139);
  },
});

const rootfs = found.ignore ? undefined : await readBusyboxRootfs();
if (!found.ignore && rootfs === undefined) {
  await Deno.stderr.write(
    new TextEncoder().encode("Skipping EngineIo in busybox: there is no static /bin/busybox\n"),
  );
}

containerIoSuite("EngineIo in busybox", {
  ignore: rootfs === undefined,
  connect,
  container: async (fixture, limits?: TestLimits) => {
    const image = await fixture.image(rootfs ?? [], ["ENV PATH=/bin", "ENV LEAKED=yes"]);
    return await fixture.container(image, limits);
  },
});

Deno.test({
  name: "EngineIo says that an image without a shell needs one",
  ignore: rootfs === undefined,
  fn: async () => {
    await using fixture = await EngineFixture.open();
    const entries = await readBusyboxRootfs((name) => name === "sleep");
    const image = await fixture.image(entries ?? [], ["ENV PATH=/bin"]);
    const id = await fixture.container(image);
    await using io = await connect(fixture, id);
    const error = await assertRejects(() => runIn(io, ["sleep", "0"]), ProgramNotStarted);
    assertStringIncludes(error.message, "no /bin/sh");
    await assertRejects(() => io.files.info("x"), CommandError, "no /bin/sh");
  },
});

Deno.test({
  name: "EngineIo says that a terminal takes the agent",
  ignore: rootfs === undefined,
  fn: async () => {
    await using fixture = await EngineFixture.open();
    const image = await fixture.image(rootfs ?? [], ["ENV PATH=/bin"]);
    await using io = await connect(fixture, await fixture.container(image));
    const terminal = { cols: 80, rows: 24 };
    const error = await assertRejects(() => runIn(io, ["sh"], { terminal }), SandboxError);
    assertEquals(error.code, "not_supported");
    assertStringIncludes(error.message, "agent");
  },
});
