import { EngineIo } from "../../src/runtimes/docker/engine_io.ts";
import { readBusyboxRootfs } from "./busybox_rootfs.ts";
import { containerIoSuite, MAX_FILE_BYTES } from "./container_io_suite.ts";
import { type EngineFixture, testImage, type TestLimits } from "./engine_fixture.ts";

const found = await testImage();

function connect(fixture: EngineFixture, id: string): Promise<EngineIo> {
  return Promise.resolve(new EngineIo(fixture.engine, id, { maxFileBytes: MAX_FILE_BYTES }));
}

containerIoSuite("EngineIo", {
  ...found,
  connect,
  container: (fixture, limits?: TestLimits) => fixture.container(found.image, limits),
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
