import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { CommandError, SandboxError } from "../../src/errors.ts";
import type { SandboxFiles } from "../../src/runtimes/runtime.ts";
import { MAX_FILE_BYTES, type Scenario } from "./container_io_suite.ts";
import { bytesOf, runIn, shellIn, textOf } from "./run_in.ts";

/** Everything about files. */
export const fileScenarios: Scenario[] = [
  {
    name: "files write, read, copy, move, list and remove",
    test: async ({ io: { files } }) => {
      await files.write("a/b/c.txt", bytesOf("one"));
      await files.write("/workspace/a/b/c.txt", bytesOf("two"));
      await files.write("a/b/c.txt", bytesOf("+"), { append: true });
      await files.write("new/new.txt", bytesOf("x"), { append: true });
      await files.write("new/new.txt", new Uint8Array(0), { append: true });
      assertEquals(await readText(files, "a/b/c.txt"), "two+");
      assertEquals(await readText(files, "new/new.txt"), "x");
      assertEquals(await files.copy("a/b/c.txt", "d/e.txt"), 4);
      await files.move("d", "y/z");
      await files.createDirectory("empty/deep");
      await files.createDirectory("empty/deep");
      await files.createDirectory(".");
      const list = await files.list("/workspace");
      assertEquals(list.map(({ name, type, path }) => `${name} ${type} ${path}`), [
        "a directory /workspace/a",
        "empty directory /workspace/empty",
        "new directory /workspace/new",
        "y directory /workspace/y",
      ]);
      const [entry] = await files.list("y/z");
      assertEquals([entry?.name, entry?.path, entry?.type, entry?.size], [
        "e.txt",
        "/workspace/y/z/e.txt",
        "file",
        4,
      ]);
      assertEquals(await files.info("y/z/e.txt"), entry);
      const workspace = await files.info("/workspace");
      assertEquals([workspace.name, workspace.type], ["workspace", "directory"]);
      await files.remove("y/z/e.txt", false);
      await files.remove("y/z", false);
      await files.remove("a", true);
      assertEquals(await files.list("y"), []);
      assertEquals((await files.list(".")).map(({ name }) => name), ["empty", "new", "y"]);
    },
  },
  {
    name: "files read ranges",
    test: async ({ io: { files } }) => {
      await files.write("file", bytesOf("0123456789"));
      const cases: [offset: number | undefined, length: number | undefined, content: string][] = [
        [undefined, undefined, "0123456789"],
        [3, undefined, "3456789"],
        [3, 4, "3456"],
        [undefined, 2, "01"],
        [8, 100, "89"],
        [10, 1, ""],
        [100, undefined, ""],
        [2, 0, ""],
      ];
      for (const [offset, length, content] of cases) {
        const range = await files.read("file", { offset, length });
        assertEquals([textOf(range.content), range.size], [content, 10]);
      }
    },
  },
  {
    name: "files say what was wrong, with the path as asked",
    test: async ({ io: { files } }) => {
      await files.write("file", bytesOf("x"));
      await files.write("dir/inner", bytesOf("x"));
      await files.createDirectory("full/dir");
      const name = "x".repeat(300);
      const none = new Uint8Array(0);
      const cases: [action: () => Promise<unknown>, message: string][] = [
        [() => files.read("/workspace/missing.py"), "File not found: /workspace/missing.py"],
        [() => files.read("no/such/file"), "File not found: no/such/file"],
        [() => files.read("file/x"), "Not a directory: file/x"],
        [() => files.read("dir"), "Is a directory: dir"],
        [() => files.write("dir", none), "Is a directory: dir"],
        [() => files.write("dir", none, { append: true }), "Is a directory: dir"],
        [() => files.write("file/x", none), "Not a directory: file/x"],
        [() => files.write("file/x/y/z", none), "Not a directory: file/x/y/z"],
        [() => files.write(".", none), "Cannot replace the workspace itself: ."],
        [() => files.write(name, none), `Name is too long: ${name}`],
        [() => files.remove("/workspace", true), "Cannot replace the workspace itself: /workspace"],
        [
          () => files.remove("dir", false),
          'Directory is not empty: dir, delete it with "recursive": true',
        ],
        [() => files.remove("missing", true), "File not found: missing"],
        [() => files.createDirectory("file"), "Cannot create a directory over a file: file"],
        [() => files.createDirectory("file/x"), "Not a directory: file/x"],
        [() => files.copy("missing", "x"), "File not found: missing"],
        [() => files.copy("dir", "x"), "Is a directory: dir"],
        [() => files.copy("file", "dir"), "Is a directory: dir"],
        [() => files.copy("file", "file/x"), "Not a directory: file/x"],
        [() => files.move("missing", "x"), "File not found: missing"],
        [() => files.move("file", "dir"), "Is a directory: dir"],
        [() => files.move("dir", "file"), "Not a directory: file"],
        [() => files.move("dir", "full"), "Directory is not empty: full"],
        [() => files.move("dir", "dir/below"), "Not possible for this path: dir/below"],
        [() => files.move(".", "x"), "Cannot replace the workspace itself: ."],
        [() => files.list("file"), "Not a directory: file"],
        [() => files.list("missing"), "File not found: missing"],
        [() => files.info("missing"), "File not found: missing"],
        [() => files.read("../outside/secret"), "Path is outside /workspace: ../outside/secret"],
        [() => files.read("/etc/passwd"), "Path is outside /workspace: /etc/passwd"],
        [() => files.copy("file", "/tmp/x"), "Path is outside /workspace: /tmp/x"],
      ];
      for (const [action, message] of cases) {
        const error = await assertRejects(action, CommandError, undefined, message);
        assertEquals(error.message, message);
      }
      assertEquals((await files.list(".")).map((entry) => entry.name), ["dir", "file", "full"]);
    },
  },
  {
    name: "files are moved over what is there as rename(2) does it",
    test: async ({ io }) => {
      const { files } = io;
      await files.write("from", bytesOf("new"));
      await files.write("to", bytesOf("old"));
      await files.move("from", "to");
      assertEquals(await readText(files, "to"), "new");
      await files.move("to", "to");
      await files.write("dir/inner", bytesOf("x"));
      await files.createDirectory("empty");
      await files.move("dir", "empty");
      assertEquals((await files.list("empty")).map(({ name }) => name), ["inner"]);
      await shellIn(io, "ln -s empty link; ln -s nowhere dangling");
      await files.move("to", "link");
      assertEquals((await files.info("link")).type, "file");
      await files.move("dangling", "empty/dangling");
      assertEquals((await files.info("empty/dangling")).type, "symlink");
      assertEquals((await files.list(".")).map(({ name }) => name), ["empty", "link"]);
    },
  },
  {
    name: "files follow symlinks as programs do",
    test: async ({ io, fixture, id }) => {
      const { files } = io;
      await fixture.put(id, [{ type: "file", name: "etc/readable", content: bytesOf("readable") }]);
      await files.write("real/file", bytesOf("inside"));
      await shellIn(
        io,
        "ln -s real dir; ln -s /workspace/real/file absolute; ln -s ../real/file real/up; " +
          "ln -s loop loop; ln -s /etc/readable readable; ln -s /tmp/made made; ln -s later dangling",
      );
      for (const path of ["dir/file", "absolute", "real/up"]) {
        assertEquals(await readText(files, path), "inside", path);
      }
      await files.write("absolute", bytesOf("changed"));
      await files.write("real/up", bytesOf("+"), { append: true });
      assertEquals(await readText(files, "real/file"), "changed+");
      assertEquals((await files.info("absolute")).type, "symlink");
      assertEquals((await files.list("dir")).map(({ path }) => path), [
        "/workspace/dir/file",
        "/workspace/dir/up",
      ]);
      assertEquals(await readText(files, "readable"), "readable");
      await assertSays(
        () => files.write("readable", bytesOf("x")),
        /^Permission denied: readable$/,
      );
      await assertSays(() => files.read("loop"), /symbolic link.*: loop$/i);
      await assertSays(() => files.read("dangling"), /^File not found: dangling$/);
      await files.write("dangling", bytesOf("x"));
      assertEquals(await readText(files, "later"), "x");
      await files.write("made", bytesOf("outside"));
      assertEquals(textOf((await runIn(io, ["cat", "/tmp/made"])).stdout), "outside");
      await files.remove("dir", true);
      assertEquals((await files.list("real")).length, 2);
    },
  },
  {
    name: "files are what the sandbox's user may see, not root",
    test: async ({ io, fixture, id }) => {
      const { files } = io;
      await fixture.put(id, [
        { type: "file", name: "etc/secret", mode: 0o600, content: bytesOf("secret") },
        { type: "directory", name: "etc/closed", mode: 0o700 },
        { type: "file", name: "etc/closed/inner", mode: 0o644, content: bytesOf("secret") },
      ]);
      await shellIn(
        io,
        "ln -s /etc/secret secret; ln -s /etc/closed closed; ln -s /etc/closed/inner inner",
      );
      const denied = [
        () => files.read("secret"),
        () => files.read("inner"),
        () => files.read("closed/inner"),
        () => files.read("closed/missing"),
        () => files.list("closed"),
        () => files.info("closed/inner"),
        () => files.write("secret", bytesOf("x")),
        () => files.write("secret", bytesOf("x"), { append: true }),
        () => files.write("closed/new", bytesOf("x")),
        () => files.copy("secret", "copied"),
        () => files.remove("closed/inner", false),
      ];
      for (const action of denied) await assertSays(action, /^Permission denied: /);
      await files.remove("secret", false);
      assertEquals((await files.list(".")).map(({ name }) => name), ["closed", "inner"]);
    },
  },
  {
    name: "files do not wait for pipes and devices",
    test: async ({ io }) => {
      const { files } = io;
      await shellIn(io, "mkfifo pipe; ln -s /dev/zero zero");
      await assertSays(() => files.read("pipe"), /^Not a regular file: pipe$/);
      await assertSays(() => files.read("zero"), /^Not a regular file: zero$/);
      await assertSays(() => files.copy("pipe", "x"), /^Not a regular file: pipe$/);
      const append = () => files.write("pipe", bytesOf("x"), { append: true });
      await assertSays(append, /^Not a regular file: pipe$/);
      assertEquals((await files.info("pipe")).type, "other");
      await files.write("pipe", bytesOf("replaced"));
      assertEquals(await readText(files, "pipe"), "replaced");
    },
  },
  {
    name: "files of 5 MB go both ways, larger ones are refused",
    test: async ({ io }) => {
      const { files } = io;
      const content = new Uint8Array(5 * 1024 * 1024);
      for (let at = 0; at < content.length; at += 65536) {
        crypto.getRandomValues(content.subarray(at, at + 65536));
      }
      await files.write("large", content);
      const back = await files.read("large");
      assert(same(back.content, content), "Other bytes came back");
      assertEquals(await files.copy("large", "copy"), content.length);
      const part = await files.read("copy", { offset: 4_000_001, length: 1000 });
      assertEquals(part, { content: content.slice(4_000_001, 4_001_001), size: content.length });
      await shellIn(io, `head -c ${MAX_FILE_BYTES + 1} /dev/zero >over`);
      const over = [
        () => files.read("over"),
        () => files.copy("over", "x"),
        () => files.write("x", new Uint8Array(MAX_FILE_BYTES + 1)),
      ];
      for (const action of over) {
        const error = await assertRejects(action, SandboxError);
        assertEquals([error.code, error.data], ["too_large", {
          limit: MAX_FILE_BYTES,
          size: MAX_FILE_BYTES + 1,
        }]);
      }
      const tail = await files.read("over", { offset: MAX_FILE_BYTES - 1 });
      assertEquals([tail.content, tail.size], [new Uint8Array(2), MAX_FILE_BYTES + 1]);
    },
  },
  {
    name: "files are replaced at once and keep their mode",
    test: async ({ io }) => {
      const { files } = io;
      await files.write("script", bytesOf("one"));
      await shellIn(io, "chmod 750 script; ln script same");
      await files.write("script", bytesOf("two"));
      // Another file took its place: the one that was open or linked is as it was.
      assertEquals(await readText(files, "same"), "one");
      await files.copy("same", "script");
      const { stdout } = await shellIn(io, "stat -c '%a %u %g' script; umask 077; stat -c %a same");
      assertEquals(textOf(stdout), "750 65532 65532\n750\n");
      await files.write("fresh", bytesOf("x"));
      assertEquals(textOf((await runIn(io, ["stat", "-c", "%a", "fresh"])).stdout), "644\n");
      assertEquals((await files.list(".")).map(({ name }) => name), ["fresh", "same", "script"]);
    },
  },
  {
    name: "files have the permission bits that they are given, as the sandbox's user may",
    test: async (subject) => {
      const { io, fixture, id } = subject;
      const { files } = io;
      const modeOf = async (path: string) =>
        textOf((await shellIn(io, `stat -L -c %a "${path}"`)).stdout);
      await files.write("d/-f 'x", bytesOf("x"));
      for (const [path, mode] of [["d/-f 'x", 0o751], ["d/-f 'x", 0o007], ["d", 0o700]] as const) {
        await files.chmod(path, mode);
        assertEquals(await modeOf(path), `${mode.toString(8)}\n`);
      }
      await shellIn(io, `ln -s -- "-f 'x" d/link`);
      await files.chmod("d/link", 0o600);
      assertEquals(await modeOf("d/-f 'x"), "600\n");
      await fixture.put(id, [{ type: "file", name: "etc/readable", content: bytesOf("x") }]);
      await shellIn(io, "ln -s /etc/readable foreign");
      const refused: [string, string][] = [
        ["none", "File not found: none"],
        ["d/-f 'x/y", "Not a directory: d/-f 'x/y"],
        ["foreign", "Permission denied: foreign"],
        ["../etc/readable", "Path is outside /workspace: ../etc/readable"],
        ["/workspace/", "Cannot set the permissions of the workspace itself: /workspace/"],
      ];
      for (const [path, message] of refused) {
        const error = await assertRejects(() => files.chmod(path, 0o777), CommandError);
        assertEquals(error.message, message);
      }
    },
  },
  {
    name: "files are removed with directories that may not be written to",
    test: async ({ io }) => {
      await shellIn(
        io,
        "mkdir -p tree/a/b; touch tree/a/b/c; chmod 500 tree/a/b tree/a; chmod 0 tree",
      );
      await io.files.remove("tree", true);
      assertEquals(await io.files.list("."), []);
    },
  },
  {
    name: "files have every name that the file system takes",
    test: async ({ io: { files } }) => {
      const names = [
        "-rf",
        " ",
        "a b",
        "ü…🎉",
        "line\nbreak\n",
        ".hidden",
        "..x",
        "%2e",
        "'\"`$(x)",
        "*",
        "=1 ok",
      ];
      for (const name of names) {
        await files.write(name, bytesOf(name));
        assertEquals(await readText(files, name), name);
        await files.copy(name, `${name}2`);
        await files.move(`${name}2`, `dir/${name}`);
      }
      const listed = await files.list("dir");
      assertEquals(listed.map(({ name }) => name), [...names].sort());
      for (const name of names) assertEquals((await files.info(`dir/${name}`)).name, name);
      for (const name of names) await files.remove(name, false);
      assertEquals((await files.list(".")).map(({ name }) => name), ["dir"]);
    },
  },
  {
    name: "files are listed however many there are, with their times",
    test: async ({ io }) => {
      const { files } = io;
      await shellIn(
        io,
        "i=0; while [ $i -lt 1201 ]; do : >file$i; i=$((i+1)); done; touch -t 202001020304.05 file7",
      );
      const entries = await files.list(".");
      assertEquals(entries.length, 1201);
      const old = entries.find(({ name }) => name === "file7");
      assertEquals(old?.modifiedAt, "2020-01-02T03:04:05.000Z");
      assert(entries.every(({ modifiedAt }) => !Number.isNaN(Date.parse(modifiedAt))));
    },
  },
  {
    name: "files are listed and read many at a time, each with its own error",
    test: async ({ io, io: { files } }) => {
      const odd = `d/a\n/=\n'"\\ $x *`;
      await files.write("d/small", bytesOf("small"));
      await files.write(`${odd}/b\nc`, bytesOf("odd"));
      await files.write(`d/${"long".repeat(50)}/${"name".repeat(40)}`, bytesOf("long"));
      await files.write("d/-empty", new Uint8Array(0));
      await files.createDirectory("none");
      await shellIn(io, "ln d/small d/linked; mkdir closed; chmod 0 closed; mkfifo d/pipe");
      const directories = ["d", "none", "missing", odd, "d/small", "../etc", "closed", "d"];
      const lists = await files.listMany(directories);
      for (const [index, path] of directories.entries()) {
        const alone = await files.list(path).catch((error: Error) => error.message);
        const list = lists[index];
        assertEquals(list instanceof CommandError ? list.message : list, alone, path);
      }
      const names = ["d/small", "d/linked", `${odd}/b\nc`, "d/-empty", "d/missing", "d/pipe", "d"];
      names.push(`d/${"long".repeat(50)}/${"name".repeat(40)}`, "../etc/passwd");
      const read = await files.readMany(names, { length: 4 });
      assertEquals(
        read.map((file) => file instanceof CommandError ? null : [textOf(file.content), file.size]),
        [["smal", 5], ["smal", 5], ["odd", 3], ["", 0], null, null, null, ["long", 4], null],
      );
      const many = Array.from({ length: 300 }, (_, i) => `m/${i}`);
      await shellIn(io, "mkdir m; i=0; while [ $i -lt 300 ]; do echo $i >m/$i; i=$((i + 1)); done");
      const all = await files.readMany(many);
      assertEquals(
        all.map((file) => file instanceof CommandError ? file.message : textOf(file.content)),
        many.map((_, i) => `${i}\n`),
      );
      assertEquals([await files.readMany([]), await files.listMany([])], [[], []]);
    },
  },
  {
    name: "files do not begin what was cancelled",
    test: async ({ io: { files } }) => {
      const signal = AbortSignal.abort(new Error("cancelled"));
      await assertRejects(
        () => files.write("x", new Uint8Array(1), { signal }),
        Error,
        "cancelled",
      );
      await assertRejects(() => files.read("x", { signal }), Error, "cancelled");
      assertEquals(await files.list("."), []);
    },
  },
];

async function readText(files: SandboxFiles, path: string): Promise<string> {
  return textOf((await files.read(path)).content);
}

async function assertSays(action: () => Promise<unknown>, words: RegExp): Promise<void> {
  const error = await assertRejects(action);
  assert(error instanceof CommandError, String(error));
  assertMatch(error.message, words);
}

function same(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, index) => byte === b[index]);
}
