import {
  assert,
  assertEquals,
  assertRejects,
  assertStringIncludes,
  assertThrows,
} from "@std/assert";
import { join } from "@std/path";
import { CommandError, SandboxError } from "../../../src/errors.ts";
import { RunDirectory } from "../../../src/runtimes/deno/run_directory.ts";
import { Slots } from "../../../src/runtimes/deno/slots.ts";
import { Workspace } from "../../../src/runtimes/deno/workspace.ts";
import { FdDirectory, PathDirectory } from "../../../src/runtimes/deno/confined_directory.ts";
import { WorkspaceFiles } from "../../../src/runtimes/deno/workspace_files.ts";

interface Fixture extends AsyncDisposable {
  files: WorkspaceFiles;
  /** The workspace on this machine. */
  path: string;
  /** A directory beside it, which nothing may reach. */
  outside: string;
}

async function fixture(kind: "descriptor" | "path" = "descriptor"): Promise<Fixture> {
  const base = await Deno.makeTempDir();
  const directory = await RunDirectory.open(join(base, "data"), () => {});
  const slots = new Slots(directory, undefined, { directories: [], files: [], symlinks: [] });
  const workspace = new Workspace(directory, slots, "w");
  const byPath = { root: new PathDirectory(workspace.path), occupy: () => workspace.occupy() };
  const outside = join(base, "outside");
  await Deno.mkdir(outside);
  await Deno.writeTextFile(join(outside, "secret"), "secret");
  return {
    files: new WorkspaceFiles(kind === "descriptor" ? workspace : byPath, {
      scratch: directory,
      maxFileBytes: 1024 * 1024,
    }),
    path: workspace.path,
    outside,
    async [Symbol.asyncDispose]() {
      workspace[Symbol.dispose]();
      await slots[Symbol.asyncDispose]();
      await directory[Symbol.asyncDispose]();
      await Deno.remove(base, { recursive: true });
    },
  };
}

const bytes = (text: string) => new TextEncoder().encode(text);
const text = (content: Uint8Array) => new TextDecoder().decode(content);

for (const kind of ["descriptor", "path"] as const) {
  Deno.test(`WorkspaceFiles held by ${kind} writes, reads, lists and removes`, async () => {
    await using f = await fixture(kind);
    await f.files.write("a/b/c.txt", bytes("one"));
    await f.files.write("/workspace/a/b/c.txt", bytes("two"));
    await f.files.write("a/b/c.txt", bytes("+"), { append: true });
    await f.files.write("new.txt", bytes("x"), { append: true });
    assertEquals(text((await f.files.read("a/b/c.txt")).content), "two+");
    const range = await f.files.read("a/b/c.txt", { offset: 1, length: 2 });
    assertEquals([text(range.content), range.size], ["wo", 4]);
    assertEquals((await f.files.read("new.txt", { offset: 9 })).content.length, 0);
    assertEquals(await f.files.copy("a/b/c.txt", "d/e.txt"), 4);
    await f.files.move("d", "z");
    await f.files.createDirectory("empty/deep");
    await f.files.createDirectory("empty/deep");
    const list = await f.files.list("/workspace");
    assertEquals(list.map(({ name, type }) => `${name} ${type}`), [
      "a directory",
      "empty directory",
      "new.txt file",
      "z directory",
    ]);
    assertEquals((await f.files.list("z"))[0]?.path, "/workspace/z/e.txt");
    assertEquals((await f.files.info("z/e.txt")).size, 4);
    assertEquals((await f.files.info("/workspace")).type, "directory");
    await f.files.remove("z/e.txt", false);
    await f.files.remove("z", false);
    await f.files.remove("a", true);
    assertEquals((await f.files.list(".")).map(({ name }) => name), ["empty", "new.txt"]);
  });

  Deno.test(`WorkspaceFiles held by ${kind} says what was wrong, with the path as asked`, async () => {
    await using f = await fixture(kind);
    await f.files.write("file", bytes("x"));
    await f.files.write("dir/inner", bytes("x"));
    const cases: [action: () => Promise<unknown>, message: string][] = [
      [() => f.files.read("/workspace/missing.py"), "File not found: /workspace/missing.py"],
      [() => f.files.read("no/such/file"), "File not found: no/such/file"],
      [() => f.files.read("file/x"), "Not a directory: file/x"],
      [() => f.files.read("dir"), "Is a directory: dir"],
      [() => f.files.write("dir", bytes("")), "Is a directory: dir"],
      [() => f.files.write(".", bytes("")), "Cannot replace the workspace itself: ."],
      [() => f.files.remove("/workspace", true), "Cannot replace the workspace itself: /workspace"],
      [
        () => f.files.remove("dir", false),
        'Directory is not empty: dir, delete it with "recursive": true',
      ],
      [() => f.files.remove("missing", true), "File not found: missing"],
      [() => f.files.createDirectory("file"), "Cannot create a directory over a file: file"],
      [() => f.files.move("missing", "x"), "File not found: missing"],
      [() => f.files.list("file"), "Not a directory: file"],
      [() => f.files.write("x".repeat(300), bytes("")), `Name is too long: ${"x".repeat(300)}`],
      [() => f.files.read("../outside/secret"), "Path is outside /workspace: ../outside/secret"],
      [() => f.files.read("/etc/passwd"), "Path is outside /workspace: /etc/passwd"],
      [() => f.files.copy("file", "/tmp/x"), "Path is outside /workspace: /tmp/x"],
    ];
    for (const [action, message] of cases) {
      const error = await assertRejects(action, CommandError);
      assertEquals(error.message, message);
    }
  });

  Deno.test(`WorkspaceFiles held by ${kind} follows symlinks inside and refuses those that lead out`, async () => {
    await using f = await fixture(kind);
    await f.files.write("real/file", bytes("inside"));
    await Deno.symlink("real", join(f.path, "dir"));
    await Deno.symlink("/workspace/real/file", join(f.path, "absolute"));
    await Deno.symlink("../real/../real/file", join(f.path, "real", "up"));
    await Deno.symlink(f.outside, join(f.path, "evil"));
    await Deno.symlink("../../../outside/secret", join(f.path, "relative"));
    await Deno.symlink("loop", join(f.path, "loop"));
    for (const path of ["dir/file", "absolute", "real/up"]) {
      assertEquals(text((await f.files.read(path)).content), "inside", path);
    }
    await f.files.write("absolute", bytes("changed"));
    assertEquals(text((await f.files.read("real/file")).content), "changed");
    for (const path of ["evil/secret", "evil", "relative"]) {
      const error = await assertRejects(() => f.files.read(path), CommandError);
      assertStringIncludes(error.message, "outside /workspace");
      await assertRejects(() => f.files.write(path, bytes("x")), CommandError);
      await assertRejects(() => f.files.copy("real/file", path), CommandError);
    }
    await assertRejects(() => f.files.read("loop"), CommandError, "Too many symbolic links");
    assertEquals((await f.files.info("evil")).type, "symlink");
    await f.files.remove("evil", true);
    assertEquals(await Deno.readTextFile(join(f.outside, "secret")), "secret");
  });

  Deno.test(`WorkspaceFiles held by ${kind} does not wait for pipes and devices`, async () => {
    await using f = await fixture(kind);
    const made = await new Deno.Command("mkfifo", { args: [join(f.path, "pipe")] }).output();
    assert(made.success);
    await assertRejects(() => f.files.read("pipe"), CommandError, "Not a regular file");
    await assertRejects(() => f.files.write("pipe", bytes("x"), { append: true }), CommandError);
    await f.files.write("pipe", bytes("replaced"));
    assertEquals(text((await f.files.read("pipe")).content), "replaced");
  });
}

Deno.test("WorkspaceFiles takes every name that the file system takes", async () => {
  await using f = await fixture();
  for (const name of ["-rf", " ", "a b", "ü…🎉", "line\nbreak", ".hidden", "%2e%2e", "'\"`$(x)"]) {
    await f.files.write(name, bytes(name));
    assertEquals(text((await f.files.read(name)).content), name);
  }
  assertEquals((await f.files.list(".")).length, 8);
});

Deno.test("WorkspaceFiles keeps the mode of a file that it replaces", async () => {
  await using f = await fixture();
  await f.files.write("run.sh", bytes("#!/bin/sh"));
  await Deno.chmod(join(f.path, "run.sh"), 0o755);
  await f.files.write("run.sh", bytes("#!/bin/bash"));
  assertEquals(((await Deno.stat(join(f.path, "run.sh"))).mode ?? 0) & 0o777, 0o755);
});

Deno.test("WorkspaceFiles bounds what is read and written at once", async () => {
  await using f = await fixture();
  const large = new Uint8Array(1024 * 1024 + 1);
  const error = await assertRejects(() => f.files.write("large", large), SandboxError);
  assertEquals([error.code, error.data.limit], ["too_large", 1024 * 1024]);
  await Deno.writeFile(join(f.path, "large"), large);
  await assertRejects(() => f.files.read("large"), SandboxError, "at most 1048576");
  assertEquals((await f.files.read("large", { offset: 1 })).content.length, 1024 * 1024);
});

Deno.test("WorkspaceFiles gives binary content back to the byte", async () => {
  await using f = await fixture();
  const content = crypto.getRandomValues(new Uint8Array(65_536));
  const large = new Uint8Array(1024 * 1024).map((_, index) => content[index % 65_536] ?? 0);
  await f.files.write("large", large);
  assertEquals((await f.files.read("large")).content, large);
});

for (const kind of ["descriptor", "path"] as const) {
  Deno.test(`WorkspaceFiles held by ${kind} sets permission bits and nothing outside`, async () => {
    await using f = await fixture(kind);
    const modeOf = (path: string) => (Deno.statSync(path).mode ?? 0) & 0o7777;
    await f.files.write("d/file", bytes("x"));
    for (const mode of [0o755, 0o000, 0o640]) {
      await f.files.chmod("d/file", mode);
      assertEquals(modeOf(join(f.path, "d/file")), mode);
    }
    await f.files.chmod("d", 0o700);
    assertEquals(modeOf(join(f.path, "d")), 0o700);
    await Deno.symlink("file", join(f.path, "d/inner"));
    await f.files.chmod("d/inner", 0o600);
    assertEquals(modeOf(join(f.path, "d/file")), 0o600);

    const before = modeOf(join(f.outside, "secret"));
    await Deno.symlink(join(f.outside, "secret"), join(f.path, "leak"));
    await Deno.symlink(f.outside, join(f.path, "out"));
    for (const path of ["leak", "out/secret", "../outside/secret", "/etc/hosts"]) {
      await assertRejects(() => f.files.chmod(path, 0o777), CommandError, "outside /workspace");
    }
    assertEquals(modeOf(join(f.outside, "secret")), before);
    const words = "Cannot set the permissions of the workspace itself: /workspace";
    await assertRejects(() => f.files.chmod("/workspace", 0o700), CommandError, words);
    await assertRejects(() => f.files.chmod("none", 0o700), CommandError, "File not found: none");
  });
}

Deno.test("ConfinedDirectory chmod() does not follow a symlink that was planted meanwhile", async () => {
  await using f = await fixture();
  await Deno.symlink(join(f.outside, "secret"), join(f.path, "planted"));
  for (const directory of [new FdDirectory(f.path), new PathDirectory(f.path)]) {
    using held = directory;
    const { code } = assertThrows(() => held.chmod("planted", 0o777)) as Error & { code?: string };
    assertEquals(code, "ELOOP");
  }
  const { mode } = await Deno.stat(join(f.outside, "secret"));
  assertEquals((mode ?? 0) & 0o777, 0o644);
});

for (const kind of ["descriptor", "path"] as const) {
  Deno.test(`WorkspaceFiles held by ${kind} moves files in and out as they come`, async () => {
    await using f = await fixture(kind);
    const pieces = () => ReadableStream.from([bytes("one "), bytes("two")]);
    const first = await f.files.store("a/b.txt", pieces(), { mode: 0o640, modifiedAt: 5000 });
    assertEquals([first.bytes, first.created], [7, true]);
    const opened = await f.files.open("a/b.txt", { offset: 4 });
    const { content, version, ...facts } = opened;
    assertEquals(facts, { size: 7, mode: 0o640, modifiedAt: 5000, length: 3 });
    assertEquals([await new Response(content).text(), version], ["two", first.version]);
    await (await f.files.open("a/b.txt")).content.cancel();
    const stale = () => f.files.store("a/b.txt", pieces(), { expected: null });
    assertEquals((await assertRejects(stale, CommandError)).reason, "CHANGED");
    const broken = ReadableStream.from((async function* () {
      yield bytes("half");
      await Promise.resolve();
      throw new RangeError("no more");
    })());
    await assertRejects(() => f.files.store("a/b.txt", broken), RangeError);
    await assertRejects(() => f.files.store("a", pieces()), CommandError, "Is a directory");
    await assertRejects(() => f.files.open("a"), CommandError, "Is a directory");
    assertEquals(text((await f.files.read("a/b.txt")).content), "one two");
    await f.files.adjust("a", { mode: 0o700, modifiedAt: 7000 });
    assertEquals(await f.files.scan("/workspace"), [
      { name: "a", type: "directory", mode: 0o700, modifiedAt: 7000 },
    ]);
  });

  Deno.test(`WorkspaceFiles held by ${kind} follows no symlink that it should not`, async () => {
    await using f = await fixture(kind);
    await f.files.write("a.txt", bytes("kept"));
    await f.files.link("way", "a.txt");
    await assertRejects(() => f.files.open("way", { follow: false }), CommandError, "Symbolic");
    assertEquals((await f.files.open("way", { length: 0 })).size, 4);
    await f.files.store("way", ReadableStream.from([bytes("mine")]), { follow: false });
    assertEquals(text((await f.files.read("a.txt")).content), "kept");
    await Deno.symlink(f.outside, join(f.path, "out"));
    await assertRejects(() => f.files.open("out/secret"), CommandError, "outside");
    await assertRejects(() => f.files.scan("out"), CommandError);
    await assertRejects(() => f.files.adjust("out", { mode: 0o777 }), CommandError);
    const write = () => f.files.store("out/new", ReadableStream.from([bytes("x")]));
    await assertRejects(write, CommandError, "outside");
    // Once it is moved up, it would lead out of the workspace.
    for (const target of ["../a.txt", "b/../../x", "/workspace/a.txt", "/etc"]) {
      await assertRejects(() => f.files.link("deep/way", target), CommandError, "upwards");
    }
    const outside = await Array.fromAsync(Deno.readDir(f.outside), ({ name }) => name);
    assertEquals(outside, ["secret"]);
  });
}
