import { assert, assertEquals, assertRejects, assertStringIncludes } from "@std/assert";
import { readTar } from "../../../src/runtimes/tar/tar_reader.ts";
import { type TarSource, writeTar } from "../../../src/runtimes/tar/tar_writer.ts";
import { runProgram } from "../../testutil/run_program.ts";
import { bytes, readAll, readText } from "../docker/engine/streams.ts";

const text = (name: string, content: string): TarSource => ({
  type: "file",
  name,
  content: bytes(content),
});

Deno.test("writeTar() writes what tar unpacks", async () => {
  const directory = await Deno.makeTempDir();
  try {
    const long = `${"d".repeat(120)}/${"e".repeat(120)}/${"ü".repeat(100)}`;
    const archive = writeTar([
      { type: "directory", name: "sub", mode: 0o700 },
      { ...text("sub/run.sh", "#!/bin/sh\n"), mode: 0o755, mtime: 1_000_000_000 },
      { type: "symlink", name: "link", linkName: "sub/run.sh" },
      text(long, "long"),
      { type: "symlink", name: "far", linkName: long },
      {
        type: "file",
        name: "streamed",
        size: 6,
        content: ReadableStream.from([bytes("ab"), bytes("cdef")]),
      },
      text("empty", ""),
    ]);
    await Deno.writeFile(`${directory}/a.tar`, await readAll(archive));
    const { code, stderr } = await runProgram("tar", ["-xf", "a.tar"], { cwd: directory });
    assertEquals([code, stderr], [0, ""]);
    assertEquals(await Deno.readTextFile(`${directory}/${long}`), "long");
    assertEquals(await Deno.readTextFile(`${directory}/far`), "long");
    assertEquals(await Deno.readTextFile(`${directory}/streamed`), "abcdef");
    assertEquals(await Deno.readTextFile(`${directory}/empty`), "");
    const { mode, mtime } = await Deno.stat(`${directory}/link`);
    assertEquals([mode! & 0o777, mtime?.getTime()], [0o755, 1e12]);
    assertEquals((await Deno.stat(`${directory}/sub`)).mode! & 0o777, 0o700);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});

Deno.test("writeTar() writes names and numbers that readTar() reads back", async () => {
  const names = [
    "a",
    "x".repeat(100),
    "x".repeat(101),
    `${"p".repeat(155)}/${"n".repeat(100)}`,
    `${"p".repeat(156)}/n`,
    `p/${"n".repeat(101)}`,
    "/absolute",
    "ünïcode",
    "new\nline",
    "é".repeat(5000),
  ];
  const sources: TarSource[] = [
    ...names.map((name) => text(name, name)),
    ...names.map((name) => ({ type: "directory" as const, name: `${name}/` })),
    ...names.map((name) => ({ type: "symlink" as const, name: "link", linkName: name })),
    { ...text("ids", ""), uid: 2 ** 31, gid: 2 ** 32, mode: 0o7777, mtime: 12.9 },
  ];
  const found: unknown[] = [];
  for await (const entry of readTar(writeTar(sources))) {
    const { type, name, linkName } = entry;
    found.push([type, name, linkName, await readText(entry.readable)]);
    if (name === "ids") {
      assertEquals([entry.uid, entry.gid, entry.mode, entry.mtime], [2 ** 31, 2 ** 32, 0o7777, 12]);
    }
  }
  assertEquals(found, [
    ...names.map((name) => ["file", name, "", name]),
    ...names.map((name) => ["directory", `${name}/`, "", ""]),
    ...names.map((name) => ["symlink", "link", name, ""]),
    ["file", "ids", "", ""],
  ]);
});

Deno.test("writeTar() states sizes beyond what octal digits hold", async () => {
  const size = 2 ** 33 + 1;
  const content = ReadableStream.from([new Uint8Array(1)]);
  const reader = writeTar([{ type: "file", name: "big", size, content }]).getReader();
  await assertRejects(
    async () => {
      while (!(await reader.read()).done);
    },
    RangeError,
    "there are only 1",
  );
  const stating = writeTar((function* (): Generator<TarSource> {
    const zeroes = ReadableStream.from((function* () {
      while (true) yield new Uint8Array(64 * 1024);
    })());
    yield { type: "file", name: "big", size, content: zeroes };
  })());
  for await (const entry of readTar(stating)) {
    assertEquals(entry.size, size);
    break;
  }
});

Deno.test("writeTar() refuses content that is not as long as announced", async () => {
  const archive = (size: number) =>
    writeTar([{ type: "file", name: "f", size, content: ReadableStream.from([bytes("abc")]) }]);
  assertEquals((await readAll(archive(3))).length, 512 * 4);
  await assertRejects(
    () => readAll(archive(2)),
    RangeError,
    "2 bytes were announced, there are more",
  );
  await assertRejects(() => readAll(archive(4)), RangeError, "there are only 3");
  await assertRejects(() => readAll(archive(-1)), RangeError, "no number of bytes");
  await assertRejects(() => readAll(archive(1.5)), RangeError, "no number of bytes");
});

Deno.test("writeTar() refuses names that are none", async () => {
  for (const name of ["", "a\0b"]) {
    await assertRejects(() => readAll(writeTar([text(name, "")])), RangeError, "expected a path");
  }
  const link: TarSource = { type: "symlink", name: "a", linkName: "b\0" };
  await assertRejects(() => readAll(writeTar([link])), RangeError, "expected a path");
});

Deno.test("writeTar() reads content only when its turn comes, and cancels it", async () => {
  const log: string[] = [];
  const content = new ReadableStream<Uint8Array>({
    pull(controller) {
      log.push("pull");
      controller.enqueue(new Uint8Array(64 * 1024));
    },
    cancel: () => void log.push("cancel"),
  }, { highWaterMark: 0 });
  const reader = writeTar([{ type: "file", name: "f", size: 1e9, content }]).getReader();
  await reader.read();
  assert(log.length < 5, "it does not read ahead");
  assertStringIncludes(log.join(), "pull");
  await reader.cancel();
  assertEquals(log.at(-1), "cancel");
});
