// deno-lint-ignore-file no-sync-fn-in-async-fn -- what happens between two looks has to happen at once
import { assertEquals, assertInstanceOf, assertThrows } from "@std/assert";
import type { WatchBatch, WatchEvent, WatchOptions } from "../../../src/agent/inside/protocol.ts";
import { TreeWatch } from "../../../src/agent/inside/tree_watch.ts";
import { canWatch, SystemCallError } from "../../../src/agent/inside/watch_library.ts";
import { TooMuchToWatch } from "../../../src/agent/inside/watched_tree.ts";
import { until, within } from "../../testutil/within.ts";

const WAIT_MS = 10_000;
const ignore = !canWatch();

/** A directory that is watched, and all that was told of it. */
class Watched implements Disposable {
  readonly directory = Deno.makeTempDirSync({ prefix: "codebeaker-watch-" });
  readonly batches: WatchBatch[] = [];
  readonly ended = Promise.withResolvers<unknown>();
  #watch: TreeWatch | undefined;
  notWatched: readonly string[] = [];
  directories = 0;

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  write(name: string, text = ""): void {
    Deno.writeTextFileSync(this.path(name), text);
  }

  mkdir(name: string): void {
    Deno.mkdirSync(this.path(name), { recursive: true });
  }

  async start(options: Partial<WatchOptions> = {}): Promise<this> {
    const ready = Promise.withResolvers<void>();
    this.#watch = new TreeWatch(this.directory, {
      segments: [],
      recursive: true,
      exclude: [],
      maxDirectories: 1000,
      ...options,
    }, {
      ready: ({ notWatched, directories }) => {
        this.notWatched = notWatched;
        this.directories = directories;
        ready.resolve();
      },
      batch: (batch) => this.batches.push(batch),
      ended: (error) => {
        this.ended.resolve(error);
        ready.reject(error);
      },
    });
    await within(ready.promise, WAIT_MS, "the watch");
    return this;
  }

  get events(): WatchEvent[] {
    return this.batches.flatMap(({ events }) => events);
  }

  /** All that was told until a last word of ours, in short, and forgets it. */
  async told(): Promise<string[]> {
    const mark = `mark-${crypto.randomUUID()}`;
    this.write(mark);
    await until(() => this.events.some(({ path }) => path === mark), WAIT_MS, "the mark");
    const told = this.events.filter(({ path }) => path !== mark).map(short);
    this.batches.length = 0;
    Deno.removeSync(this.path(mark));
    await until(() => this.events.some(({ path }) => path === mark), WAIT_MS, "its end");
    this.batches.length = 0;
    return told;
  }

  [Symbol.dispose](): void {
    this.#watch?.[Symbol.dispose]();
    Deno.removeSync(this.directory, { recursive: true });
  }
}

function short({ kind, path, type, from }: WatchEvent): string {
  return `${kind} ${path}${type === "directory" ? "/" : ""}${
    from === undefined ? "" : ` < ${from}`
  }`;
}

Deno.test({
  name: "TreeWatch does tell what happens to files and directories, once each",
  ignore,
  fn: async () => {
    using watched = new Watched();
    watched.mkdir("old/deep");
    watched.write("old/deep/file", "before");
    await watched.start();
    assertEquals(watched.directories, 3);
    watched.write("new", "1");
    watched.write("new", "12");
    watched.write("old/deep/file", "after");
    assertEquals((await watched.told()).toSorted(), ["created new", "modified old/deep/file"]);
    Deno.renameSync(watched.path("new"), watched.path("old/new"));
    Deno.chmodSync(watched.path("old/deep/file"), 0o600);
    assertEquals(await watched.told(), ["renamed old/new < new", "modified old/deep/file"]);
    Deno.removeSync(watched.path("old/new"));
    watched.write("short");
    Deno.removeSync(watched.path("short"));
    assertEquals(await watched.told(), ["removed old/new"]);
    watched.mkdir("x");
    Deno.removeSync(watched.path("x"));
    Deno.removeSync(watched.path("old"), { recursive: true });
    assertEquals(await watched.told(), ["removed old/"]);
  },
});

Deno.test({
  name: "TreeWatch does tell what is in a directory made after the start, without doing so twice",
  ignore,
  fn: async () => {
    using watched = new Watched();
    await watched.start();
    for (let round = 0; round < 20; round++) {
      const top = `d${round}`;
      watched.mkdir(`${top}/a/b`);
      watched.write(`${top}/a/b/one`);
      await new Promise((resolve) => setTimeout(resolve, round * 5));
      watched.write(`${top}/a/b/two`);
      const told = await watched.told();
      const wanted = ["", "/a", "/a/b"].map((name) => `created ${top}${name}/`);
      assertEquals(
        told.toSorted(),
        [
          ...wanted,
          `created ${top}/a/b/one`,
          `created ${top}/a/b/two`,
        ].toSorted(),
      );
      watched.write(`${top}/a/b/two`, "more");
      assertEquals(await watched.told(), [`modified ${top}/a/b/two`]);
    }
  },
});

Deno.test({
  name: "TreeWatch does follow directories that are moved, and lose those that leave",
  ignore,
  fn: async () => {
    using outside = new Watched();
    using watched = new Watched();
    watched.mkdir("a/b");
    watched.mkdir("c");
    outside.mkdir("came/in");
    outside.write("came/in/file");
    await watched.start();
    Deno.renameSync(watched.path("a"), watched.path("c/a"));
    assertEquals(await watched.told(), ["renamed c/a/ < a"]);
    watched.write("c/a/b/file");
    assertEquals(await watched.told(), ["created c/a/b/file"]);
    Deno.renameSync(watched.path("c/a"), outside.path("a"));
    assertEquals(await watched.told(), ["removed c/a/"]);
    Deno.writeTextFileSync(outside.path("a/b/file"), "unseen");
    assertEquals(await watched.told(), []);
    Deno.renameSync(outside.path("came"), watched.path("came"));
    const told = await watched.told();
    assertEquals(told, ["created came/", "created came/in/", "created came/in/file"]);
    watched.write("came/in/file", "seen");
    assertEquals(await watched.told(), ["modified came/in/file"]);
    // One name, of which the second is another thing.
    Deno.renameSync(watched.path("came"), outside.path("went"));
    watched.write("came");
    assertEquals(await watched.told(), ["removed came/", "created came"]);
  },
});

Deno.test({
  name: "TreeWatch does tell a file that is replaced in one step as what became of the file",
  ignore,
  fn: async () => {
    using watched = new Watched();
    watched.write("known");
    await watched.start();
    for (const name of ["known", "new"]) {
      watched.write(".codebeaker-0123", "content");
      Deno.renameSync(watched.path(".codebeaker-0123"), watched.path(name));
    }
    assertEquals(await watched.told(), ["modified known", "created new"]);
    watched.mkdir("tree/in");
    await watched.told();
    Deno.renameSync(watched.path("tree"), watched.path(".codebeaker-4567"));
    Deno.removeSync(watched.path(".codebeaker-4567"), { recursive: true });
    assertEquals(await watched.told(), ["removed tree/"]);
    watched.write("$code.ts");
    watched.write(".code_0123456789ab.py");
    assertEquals(await watched.told(), []);
  },
});

Deno.test({
  name: "TreeWatch does follow no symlink, wherever it is planted",
  ignore,
  fn: async () => {
    using outside = new Watched();
    using watched = new Watched();
    outside.mkdir("secret");
    watched.mkdir("d");
    Deno.symlinkSync("/", watched.path("root"));
    Deno.symlinkSync(outside.directory, watched.path("d/link"));
    await watched.start();
    assertEquals(watched.directories, 2);
    Deno.symlinkSync(outside.directory, watched.path("late"));
    watched.mkdir("new");
    Deno.symlinkSync(outside.directory, watched.path("new/link"));
    assertEquals(await watched.told(), ["created late", "created new/", "created new/link"]);
    // In the place of a directory that is about to be looked at.
    for (let round = 0; round < 50; round++) {
      watched.mkdir(`race${round}`);
      Deno.removeSync(watched.path(`race${round}`));
      Deno.symlinkSync(outside.directory, watched.path(`race${round}`));
    }
    await watched.told();
    outside.write("secret/file");
    outside.write("file");
    assertEquals(await watched.told(), []);
    assertThrows(
      () => new TreeWatch(watched.directory, { ...OPTIONS, segments: ["late"] }, NOBODY),
      SystemCallError,
      "ENOTDIR",
    );
  },
});

const OPTIONS: WatchOptions = { segments: [], recursive: true, exclude: [], maxDirectories: 10 };
const NOBODY = { ready: () => {}, batch: () => {}, ended: () => {} };

Deno.test({
  name: "TreeWatch does watch a directory below, leave out what it is told to, and stay on top",
  ignore,
  fn: async () => {
    using watched = new Watched();
    for (const name of ["top/in/node_modules/x", "top/out", "top/deep/out"]) watched.mkdir(name);
    await watched.start({
      segments: ["top"],
      exclude: ["node_modules", "*.log", "out", "in/*.txt"],
    });
    assertEquals(watched.directories, 3);
    watched.write("elsewhere");
    watched.write("top/in/node_modules/x/file");
    watched.write("top/some.log");
    watched.write("top/in/a.txt");
    watched.write("top/b.txt");
    await until(() => watched.events.length > 0, WAIT_MS, "an event");
    assertEquals(watched.events.map(short), ["created b.txt"]);
    watched.batches.length = 0;
    Deno.renameSync(watched.path("top"), watched.path("other"));
    assertEquals(await within(watched.ended.promise, WAIT_MS, "the end"), undefined);
    assertEquals(watched.events.map(short), ["removed /"]);

    using flat = new Watched();
    flat.mkdir("d");
    await flat.start({ recursive: false });
    assertEquals(flat.directories, 1);
    flat.write("d/file");
    flat.write("file");
    assertEquals(await flat.told(), ["created file"]);
  },
});

Deno.test({
  name: "TreeWatch does go on with a directory that is moved as a whole, until it is removed",
  ignore,
  fn: async () => {
    using watched = new Watched();
    await watched.start();
    const elsewhere = `${watched.directory}-moved`;
    Deno.renameSync(watched.directory, elsewhere);
    Deno.mkdirSync(`${elsewhere}/d`);
    Deno.writeTextFileSync(`${elsewhere}/d/file`, "");
    await until(() => watched.events.length === 2, WAIT_MS, "two events");
    assertEquals(watched.events.map(short), ["created d/", "created d/file"]);
    Deno.removeSync(elsewhere, { recursive: true });
    assertEquals(await within(watched.ended.promise, WAIT_MS, "the end"), undefined);
    Deno.mkdirSync(watched.directory);
  },
});

Deno.test({
  name: "TreeWatch does say what it cannot watch",
  ignore: ignore || Deno.uid() === 0,
  fn: async () => {
    using watched = new Watched();
    watched.mkdir("closed");
    Deno.chmodSync(watched.path("closed"), 0);
    await watched.start();
    assertEquals(watched.notWatched, ["closed"]);
  },
});

Deno.test({
  name: "TreeWatch does refuse too much in the beginning, and say later what it does not watch",
  ignore,
  fn: async () => {
    using watched = new Watched();
    watched.mkdir("a");
    await watched.start({ maxDirectories: 3 });
    for (const name of ["b", "c", "d"]) watched.mkdir(name);
    const notWatched = () => watched.batches.flatMap(({ notWatched }) => notWatched);
    await until(() => notWatched().length === 2, WAIT_MS, "what is not watched");
    assertEquals(notWatched().toSorted(), ["c", "d"]);
    using full = new Watched();
    for (const name of ["a", "b", "c"]) full.mkdir(name);
    const error = await full.start({ maxDirectories: 3 }).catch((error) => error);
    assertInstanceOf(error, TooMuchToWatch);
  },
});

Deno.test({
  name: "TreeWatch does say that it missed something, and is right again afterwards",
  ignore,
  fn: async () => {
    using watched = new Watched();
    watched.mkdir("d");
    await watched.start();
    // More than the kernel keeps, while nobody can read.
    const queue = Number(Deno.readTextFileSync("/proc/sys/fs/inotify/max_queued_events"));
    for (let at = 0; at <= queue / 2; at++) {
      watched.write("d/one", "x");
      watched.write("d/two", "x");
    }
    Deno.mkdirSync(watched.path("d/late"));
    await until(() => watched.batches.some(({ overflow }) => overflow), WAIT_MS, "an overflow");
    await watched.told();
    watched.write("d/late/file");
    assertEquals(await watched.told(), ["created d/late/file"]);
    // Less than that is told in full, whatever the turns.
    for (let at = 0; at < 3000; at++) watched.write(`d/${at}`);
    assertEquals((await watched.told()).length, 3000);
  },
});
