import { Buffer } from "node:buffer";
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { join } from "@std/path";
import { AgentRefusal } from "../../src/agent/agent_error.ts";
import type { AgentFiles } from "../../src/agent/agent_files.ts";
import type { AgentLink } from "../../src/agent/agent_link.ts";
import { READ_WINDOW_BYTES } from "../../src/agent/inside/protocol.ts";
import { peakMemory } from "../testutil/process_tree.ts";
import { LocalAgent } from "./local_agent.ts";
import { runShell } from "./run_here.ts";

const MANY = { maxBytes: 100_000_000 };

/** An agent on this machine and a directory for its files. */
class Place implements AsyncDisposable {
  readonly link: AgentLink;
  readonly directory: string;
  readonly #agent: LocalAgent;

  private constructor(agent: LocalAgent, directory: string) {
    this.link = agent.link;
    this.directory = directory;
    this.#agent = agent;
  }

  static async start(): Promise<Place> {
    const directory = await Deno.makeTempDir({ prefix: "codebeaker-agent-" });
    return new Place(await LocalAgent.start(), directory);
  }

  get files(): AgentFiles {
    return this.link.files;
  }

  path(name: string): string {
    return join(this.directory, name);
  }

  async names(name = "."): Promise<string[]> {
    const entries = await Array.fromAsync(Deno.readDir(this.path(name)));
    return entries.map((entry) => entry.name).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#agent[Symbol.asyncDispose]();
    await Deno.remove(this.directory, { recursive: true });
  }
}

async function codeOf(promise: Promise<unknown>): Promise<string> {
  return (await refusalOf(promise)).code;
}

async function refusalOf(promise: Promise<unknown>): Promise<AgentRefusal> {
  const error = await promise.then(() => undefined, (error) => error);
  assertInstanceOf(error, AgentRefusal);
  return error;
}

function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

async function text(files: AgentFiles, path: string): Promise<string> {
  return new TextDecoder().decode((await files.read(path, MANY)).content);
}

Deno.test("AgentFiles.write() does write, replace and append, making parents", async () => {
  await using place = await Place.start();
  const { files } = place;
  const path = place.path("a/b/c.txt");
  assertEquals(await files.write(path, bytes("one")), 3);
  assertEquals(await Deno.readTextFile(path), "one");
  await Deno.chmod(path, 0o750);
  await files.write(path, bytes("two"));
  assertEquals([await Deno.readTextFile(path), (await Deno.stat(path)).mode! & 0o777], [
    "two",
    0o750,
  ]);
  assertEquals(await files.write(path, bytes("+"), { append: true }), 1);
  await files.write(place.path("d/new"), bytes("x"), { append: true });
  await files.write(place.path("empty"), new Uint8Array(0));
  assertEquals([await text(files, path), await text(files, place.path("d/new"))], ["two+", "x"]);
  assertEquals((await Deno.stat(place.path("empty"))).size, 0);
  assertEquals([await place.names("a/b"), await place.names()], [["c.txt"], ["a", "d", "empty"]]);
});

Deno.test("AgentFiles.write() does write what symlinks lead to, also to where nothing is", async () => {
  await using place = await Place.start();
  const { files } = place;
  await Deno.writeTextFile(place.path("target"), "old");
  await Deno.symlink("target", place.path("link"));
  await Deno.symlink("made/by/link", place.path("dangling"));
  await Deno.symlink("loop", place.path("loop"));
  await Deno.symlink("deep", place.path("dir"));
  await files.write(place.path("link"), bytes("new"));
  await files.write(place.path("link"), bytes("+"), { append: true });
  await files.write(place.path("dangling"), bytes("there"));
  await files.write(place.path("dir/in/it"), bytes("deep"));
  assertEquals(await Deno.readTextFile(place.path("target")), "new+");
  assert((await Deno.lstat(place.path("link"))).isSymlink);
  assertEquals(await Deno.readTextFile(place.path("made/by/link")), "there");
  assertEquals(await Deno.readTextFile(place.path("deep/in/it")), "deep");
  assertEquals(await codeOf(files.write(place.path("loop"), bytes(""))), "ELOOP");
});

Deno.test("AgentFiles.write() does leave what was there until all is there", async () => {
  await using place = await Place.start();
  const { files } = place;
  const path = place.path("file");
  await files.write(path, bytes("old"));
  let seen = "";
  const content = new ReadableStream<Uint8Array>({
    async pull(controller) {
      controller.enqueue(bytes("new "));
      if (seen !== "") return controller.close();
      // An answer after it shows that the first piece has arrived.
      await files.info(path);
      seen = await Deno.readTextFile(path);
    },
  });
  await files.write(path, content);
  assertEquals([seen, await Deno.readTextFile(path)], ["old", "new new "]);

  const fault = new Error("no more");
  const failing = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(fault),
    start: (controller) => controller.enqueue(bytes("half")),
  });
  assertEquals(await files.write(path, failing).catch((error) => error), fault);
  await files.info(path);
  assertEquals([await Deno.readTextFile(path), await place.names()], ["new new ", ["file"]]);
});

Deno.test("AgentFiles does refuse what is no regular file, without waiting for it", async () => {
  await using place = await Place.start();
  const { files, link } = place;
  await runShell(link, "mkfifo fifo; mkdir dir; : > file", { cwd: place.directory });
  const fifo = place.path("fifo");
  assertEquals(await codeOf(files.read(fifo, MANY)), "NOT_REGULAR");
  assertEquals(await codeOf(files.write(fifo, bytes("x"), { append: true })), "NOT_REGULAR");
  assertEquals(await codeOf(files.copy(fifo, place.path("copy"))), "NOT_REGULAR");
  assertEquals(await codeOf(files.read("/dev/zero", MANY)), "NOT_REGULAR");
  assertEquals((await files.info(fifo)).type, "other");
  for (const append of [false, true]) {
    assertEquals(await codeOf(files.write(place.path("dir"), bytes("x"), { append })), "EISDIR");
    assertEquals(
      await codeOf(files.write(place.path("file/x"), bytes("x"), { append })),
      "ENOTDIR",
    );
  }
  assertEquals(await codeOf(files.read(place.path("dir"), MANY)), "EISDIR");
  assertEquals(await codeOf(files.read(place.path("file/x"), MANY)), "ENOTDIR");
  assertEquals(await codeOf(files.list(place.path("file"))), "ENOTDIR");
  // What is replaced does not matter, only what is read.
  await files.write(fifo, bytes("regular now"));
  assertEquals(await text(files, fifo), "regular now");
});

Deno.test("AgentFiles.read() does read ranges and refuse too much", async () => {
  await using place = await Place.start();
  const { files } = place;
  const path = place.path("digits");
  await files.write(path, bytes("0123456789"));
  const range = async (offset?: number, length?: number) => {
    const { content, size } = await files.read(path, { offset, length, maxBytes: 10 });
    assertEquals(size, 10);
    return new TextDecoder().decode(content);
  };
  assertEquals(await range(), "0123456789");
  assertEquals(await range(3), "3456789");
  assertEquals(await range(3, 2), "34");
  assertEquals(await range(8, 100), "89");
  assertEquals(await range(100, 5), "");
  assertEquals(await range(0, 0), "");
  const refusal = await refusalOf(files.read(path, { offset: 1, maxBytes: 8 }));
  assertEquals([refusal.code, refusal.size, refusal.path], ["TOO_LARGE", 9, path]);
  assertEquals((await files.read(path, { length: 8, maxBytes: 8 })).content.length, 8);
  assertEquals(await codeOf(files.read(place.path("missing"), MANY)), "ENOENT");
});

Deno.test("AgentFiles does carry large binary files both ways", async () => {
  await using place = await Place.start();
  const { files } = place;
  const content = new Uint8Array(20_000_003).map((_, at) => (at * 31 + (at >> 11)) & 255);
  assertEquals(await files.write(place.path("a"), content), content.length);
  const [whole, copied] = await Promise.all([
    files.read(place.path("a"), MANY),
    files.copy(place.path("a"), place.path("b")),
  ]);
  assertEquals(Buffer.compare(whole.content, content), 0);
  assertEquals(copied, content.length);
  const { content: stream, length } = await files.readStream(place.path("b"), MANY);
  const again = new Uint8Array(
    await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).arrayBuffer(),
  );
  assertEquals(length, content.length);
  assertEquals(Buffer.compare(again, content), 0);
  const slow = await files.readStream(place.path("b"), MANY);
  await files.write(place.path("c"), slow.content);
  assertEquals(Buffer.compare(await Deno.readFile(place.path("c")), content), 0);
});

Deno.test("AgentFiles.readStream() does cost a bounded memory if nobody reads it", async () => {
  await using place = await Place.start();
  const { files, link } = place;
  await files.write(place.path("large"), new Uint8Array(40_000_000));
  await files.read(place.path("large"), MANY);
  const before = await peakMemory(link.ready.pid);
  const streams = await Promise.all(
    Array.from({ length: 10 }, () => files.readStream(place.path("large"), MANY)),
  );
  await files.info(place.path("large"));
  const grown = await peakMemory(link.ready.pid) - before;
  assert(grown < 5 * READ_WINDOW_BYTES, `The agent has grown by ${grown} bytes`);
  await Promise.all(streams.map(({ content }) => content.cancel()));
  await files.info(place.path("large"));
});

Deno.test("AgentFiles.chmod() does set permission bits and no others", async () => {
  await using place = await Place.start();
  const { files } = place;
  const modeOf = async (name: string) => ((await Deno.stat(place.path(name))).mode ?? 0) & 0o7777;
  await files.createDirectory(place.path("d"));
  await files.write(place.path("d/file"), bytes("x"));
  for (const mode of [0o755, 0o000, 0o640]) {
    await files.chmod(place.path("d/file"), mode);
    assertEquals(await modeOf("d/file"), mode);
  }
  await files.chmod(place.path("d/file"), 0o4755);
  assertEquals(await modeOf("d/file"), 0o755);
  await files.chmod(place.path("d"), 0o700);
  assertEquals(await modeOf("d"), 0o700);
  await Deno.symlink("d/file", place.path("link"));
  await files.chmod(place.path("link"), 0o600);
  assertEquals(await modeOf("d/file"), 0o600);
  assertEquals(await codeOf(files.chmod(place.path("none"), 0o600)), "ENOENT");
  assertEquals(await codeOf(files.chmod(place.path("d/file/x"), 0o600)), "ENOTDIR");
});

Deno.test("AgentFiles.createDirectory() does make directories that may be there already", async () => {
  await using place = await Place.start();
  const { files } = place;
  await files.createDirectory(place.path("a/b/c"));
  await files.createDirectory(place.path("a/b/c"));
  await Deno.symlink("a", place.path("link"));
  await Deno.symlink("elsewhere/deep", place.path("dangling"));
  await files.createDirectory(place.path("link"));
  await files.createDirectory(place.path("link/d"));
  await files.createDirectory(place.path("dangling"));
  await Deno.writeTextFile(place.path("file"), "");
  assertEquals(await place.names("a"), ["b", "d"]);
  assert((await Deno.stat(place.path("elsewhere/deep"))).isDirectory);
  assertEquals(await codeOf(files.createDirectory(place.path("file"))), "OVER_FILE");
  assertEquals(await codeOf(files.createDirectory(place.path("file/x"))), "ENOTDIR");
  assertEquals(await codeOf(files.createDirectory(place.path("x".repeat(300)))), "ENAMETOOLONG");
});

Deno.test("AgentFiles.copy() and move() do name the path at fault", async () => {
  await using place = await Place.start();
  const { files } = place;
  const [a, b, c] = ["a", "x/y/b", "z/c"].map((name) => place.path(name)) as [
    string,
    string,
    string,
  ];
  await files.write(a, bytes("text"));
  assertEquals(await files.copy(a, b), 4);
  await files.move(b, c);
  assertEquals([await text(files, c), await place.names("x/y")], ["text", []]);
  const missing = place.path("missing");
  const directory = place.path("x");
  const fault = async (promise: Promise<unknown>) => {
    const { code, path } = await refusalOf(promise);
    return [code, path];
  };
  assertEquals(await fault(files.copy(missing, a)), ["ENOENT", missing]);
  assertEquals(await fault(files.copy(a, directory)), ["EISDIR", directory]);
  assertEquals(await fault(files.copy(directory, a)), ["EISDIR", directory]);
  assertEquals(await fault(files.copy(a, b, { maxBytes: 3 })), ["TOO_LARGE", a]);
  assertEquals(await fault(files.move(missing, a)), ["ENOENT", missing]);
  assertEquals(await fault(files.move(a, directory)), ["EISDIR", directory]);
  assertEquals(await fault(files.move(directory, place.path("x/y/z"))), [
    "EINVAL",
    place.path("x/y/z"),
  ]);
  assertEquals(await fault(files.move(a, `${c}/d`)), ["ENOTDIR", `${c}/d`]);
});

Deno.test("AgentFiles.remove() does remove files, links and trees, and no more", async () => {
  await using place = await Place.start();
  const { files, link } = place;
  await runShell(
    link,
    "mkdir -p tree/in/it other; : > tree/in/file; : > file; ln -s other link; chmod 500 tree/in",
    {
      cwd: place.directory,
    },
  );
  assertEquals(await codeOf(files.remove(place.path("tree"), false)), "ENOTEMPTY");
  await files.remove(place.path("tree"), true);
  await files.remove(place.path("link"), true);
  await files.remove(place.path("file"), true);
  assertEquals(await place.names(), ["other"]);
  await files.remove(place.path("other"), false);
  assertEquals(await place.names(), []);
  assertEquals(await codeOf(files.remove(place.path("file"), true)), "ENOENT");
});

Deno.test("AgentFiles.remove() does remove trees that are deeper than a path is long", async () => {
  await using place = await Place.start();
  const { files, link } = place;
  const name = "d".repeat(250);
  const dig =
    `for i in $(seq 1 100); do mkdir ${name} && cd ${name} && : > file; done; chmod 500 .`;
  for (const top of ["tree", Array(15).fill("n".repeat(250)).join("/")]) {
    await runShell(link, `mkdir -p ${top} && cd ${top} && ${dig}`, { cwd: place.directory });
    await files.remove(place.path(`${top}/${name}`), true);
    assertEquals(await place.names(top), []);
  }
});

Deno.test("AgentFiles.list() and info() do tell what is there", async () => {
  await using place = await Place.start();
  const { files } = place;
  await Deno.mkdir(place.path("b"));
  await Deno.writeTextFile(place.path("a"), "text");
  await Deno.symlink("nowhere", place.path("c"));
  await Deno.utime(place.path("a"), 1, 1.5);
  const entries = await files.list(place.directory);
  assertEquals(entries.map(({ name, type }) => [name, type]), [
    ["a", "file"],
    ["b", "directory"],
    ["c", "symlink"],
  ]);
  assertEquals(entries[0], {
    name: "a",
    path: place.path("a"),
    type: "file",
    size: 4,
    modifiedAt: "1970-01-01T00:00:01.500Z",
  });
  assertEquals(await files.info(place.path("a")), entries[0]!);
  assertEquals(await codeOf(files.info(place.path("missing"))), "ENOENT");
  for (let index = 0; index < 1000; index++) {
    await Deno.writeTextFile(place.path(`b/${"n".repeat(200)}${index}`), "");
  }
  assertEquals((await files.list(place.path("b"))).length, 1000);
});

Deno.test("AgentFiles does do many things at once", async () => {
  await using place = await Place.start();
  const { files } = place;
  await Promise.all(Array.from({ length: 100 }, async (_, index) => {
    const path = place.path(`dir/${index % 7}/${index}`);
    await files.write(path, bytes(`${index}`.repeat(1000)));
    assertEquals(await text(files, path), `${index}`.repeat(1000));
    await files.remove(path, false);
  }));
  assertEquals(await place.names("dir/3"), []);
});

Deno.test("AgentFiles.readStream() does tell of the file before its content", async () => {
  await using place = await Place.start();
  const path = place.path("a");
  await Deno.writeTextFile(path, "content", { mode: 0o640 });
  await Deno.utime(path, new Date(1000), new Date(1_700_000_000_500));
  const opened = await place.files.readStream(path, { ...MANY, offset: 3, length: 2 });
  const { content, version, ...facts } = opened;
  assertEquals(facts, { size: 7, length: 2, mode: 0o640, modifiedAt: 1_700_000_000_500 });
  assertEquals(await new Response(content).text(), "te");
  const again = await place.files.readStream(path, { ...MANY, length: 0 });
  assertEquals([again.version, await new Response(again.content).text()], [version, ""]);
  await Deno.symlink("a", place.path("way"));
  const through = await place.files.readStream(place.path("way"), { ...MANY, length: 0 });
  assertEquals(through.version, version);
  const strict = { ...MANY, follow: false };
  assertEquals(await codeOf(place.files.readStream(place.path("way"), strict)), "ELOOP");
});

Deno.test("AgentFiles.store() does replace the version that is expected, and no other", async () => {
  await using place = await Place.start();
  const path = place.path("deep/a");
  const facts = { mode: 0o755, modifiedAt: 1_600_000_000_000 };
  const first = await place.files.store(path, bytes("one"), { ...facts, expected: null });
  assertEquals([first.bytes, first.created], [3, true]);
  const opened = await place.files.readStream(path, { ...MANY, length: 0 });
  assertEquals([opened.version, opened.mode, opened.modifiedAt], [
    first.version,
    facts.mode,
    facts.modifiedAt,
  ]);
  const absent = place.files.store(path, bytes("no"), { expected: null });
  assertEquals(await codeOf(absent), "CHANGED");
  const pieces = ReadableStream.from([bytes("t"), bytes("wo")]);
  const second = await place.files.store(path, pieces, { expected: first.version });
  assertEquals([second.created, second.version === first.version], [false, false]);
  const stale = place.files.store(path, bytes("no"), { expected: first.version });
  assertEquals(await codeOf(stale), "CHANGED");
  assertEquals([await Deno.readTextFile(path), await place.names("deep")], ["two", ["a"]]);
});

Deno.test("AgentFiles.store() does put a file in place of a symlink that is not followed", async () => {
  await using place = await Place.start();
  await Deno.writeTextFile(place.path("target"), "kept");
  await place.files.link(place.path("made/way"), "../target");
  await place.files.store(place.path("made/way"), bytes("mine"), { follow: false });
  assertEquals(await Deno.readTextFile(place.path("made/way")), "mine");
  assertEquals(await Deno.readTextFile(place.path("target")), "kept");
});

Deno.test("AgentFiles.store() does not wait for content once it is refused, and leaves nothing", async () => {
  await using place = await Place.start();
  await Deno.mkdir(place.path("directory"));
  const never = new ReadableStream<Uint8Array>({});
  assertEquals(await codeOf(place.files.store(place.path("directory"), never)), "EISDIR");
  const broken = ReadableStream.from((async function* () {
    yield bytes("half");
    await Promise.resolve();
    throw new RangeError("no more");
  })());
  const error = await place.files.store(place.path("a"), broken).catch((error) => error);
  assertInstanceOf(error, RangeError);
  await place.files.info(place.directory);
  assertEquals(await place.names(), ["directory"]);
});

Deno.test("AgentFiles.scan(), link() and adjust() do what archives need", async () => {
  await using place = await Place.start();
  await Deno.writeTextFile(place.path("file"), "x");
  await Deno.mkdir(place.path("directory"));
  await place.files.link(place.path("file"), "first");
  await place.files.link(place.path("file"), "directory/second");
  assertEquals(await codeOf(place.files.link(place.path("directory"), "x")), "EISDIR");
  const facts = { mode: 0o500, modifiedAt: 1_500_000_000_000 };
  await place.files.adjust(place.path("directory"), facts);
  assertEquals(await codeOf(place.files.adjust(place.path("file"), facts)), "ELOOP");
  const [directory, link, ...more] = await place.files.scan(place.directory);
  assertEquals(directory, { name: "directory", type: "directory", ...facts });
  assertEquals([link?.name, link?.type, link?.target], ["file", "symlink", "directory/second"]);
  assertEquals(more, []);
});
