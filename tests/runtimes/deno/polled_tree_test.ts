import { assertEquals, assertThrows } from "@std/assert";
import { TooMuchToWatch } from "../../../src/agent/inside/watched_tree.ts";
import { PathDirectory } from "../../../src/runtimes/deno/confined_directory.ts";
import { PolledTree, type PolledTreeOptions } from "../../../src/runtimes/deno/polled_tree.ts";

/** A directory that is looked at when the test says so. */
class Polled implements Disposable {
  directory = Deno.makeTempDirSync({ prefix: "codebeaker-polled-" });
  readonly tree: PolledTree;

  constructor(options: Partial<PolledTreeOptions> = {}) {
    const root = () => new PathDirectory(this.directory);
    this.tree = new PolledTree({ root, segments: [], recursive: true, exclude: [], ...options });
  }

  path(name: string): string {
    return `${this.directory}/${name}`;
  }

  write(name: string, text = ""): void {
    Deno.writeTextFileSync(this.path(name), text);
  }

  mkdir(name: string): void {
    Deno.mkdirSync(this.path(name), { recursive: true });
  }

  look(): string[] {
    for (const _ of this.tree.look());
    const { events = [] } = this.tree.takeBatch() ?? {};
    return events.map(({ kind, path, type }) => `${kind} ${path}${type === "file" ? "" : "/"}`)
      .toSorted();
  }

  [Symbol.dispose](): void {
    Deno.removeSync(this.directory, { recursive: true });
  }
}

Deno.test("PolledTree does tell what has changed between two looks", () => {
  using polled = new Polled({ exclude: ["*.log"] });
  polled.mkdir("d/in");
  polled.write("d/in/file");
  polled.write("turned");
  assertEquals(polled.look(), []);
  assertEquals(polled.look(), []);
  polled.write("d/in/file", "more");
  polled.write("new");
  polled.write("some.log");
  Deno.removeSync(polled.path("turned"));
  polled.mkdir("turned");
  polled.write("$code.ts");
  assertEquals(polled.look(), [
    "created new",
    "created turned/",
    "modified d/in/file",
    "removed turned",
  ]);
  Deno.removeSync(polled.path("d"), { recursive: true });
  assertEquals(polled.look(), ["removed d/"]);
});

Deno.test("PolledTree does follow no symlink", () => {
  using outside = new Polled();
  using polled = new Polled();
  outside.mkdir("secret");
  polled.look();
  Deno.symlinkSync(outside.directory, polled.path("link"));
  assertEquals(polled.look(), ["created link"]);
  outside.write("secret/file");
  assertEquals(polled.look(), []);
  using through = new Polled({
    segments: ["link"],
    root: () => new PathDirectory(polled.directory),
  });
  assertThrows(() => through.look());
});

Deno.test("PolledTree does not take a workspace that moves for one that is gone", () => {
  using polled = new Polled();
  polled.mkdir("d");
  polled.write("d/file");
  polled.look();
  const elsewhere = `${polled.directory}-moved`;
  const look = polled.tree.look();
  look.next();
  Deno.renameSync(polled.directory, elsewhere);
  polled.directory = elsewhere;
  for (const _ of look);
  assertEquals([polled.tree.takeBatch(), polled.tree.isGone], [undefined, false]);
  assertEquals(polled.look(), []);
  Deno.removeSync(elsewhere, { recursive: true });
  assertEquals(polled.look(), ["removed /"]);
  assertEquals(polled.tree.isGone, true);
  Deno.mkdirSync(elsewhere);
});

Deno.test("PolledTree does refuse more than it can look at", () => {
  using polled = new Polled();
  for (let at = 0; at <= 10_000; at++) polled.write(`${at}`);
  assertThrows(() => polled.look(), TooMuchToWatch);
});
