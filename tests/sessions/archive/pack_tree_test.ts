import { assertEquals, assertRejects } from "@std/assert";
import { CommandError } from "../../../src/errors.ts";
import type { OpenedFile, ScannedEntry } from "../../../src/runtimes/file_transfer.ts";
import { readTar } from "../../../src/runtimes/tar/tar_reader.ts";
import { type PackedFiles, packTree } from "../../../src/sessions/archive/pack_tree.ts";
import { until } from "../../testutil/within.ts";

const { signal } = new AbortController();
const PIECE = 100_000;

/** A flat directory of files whose content is counted: what is open, and what was ever. */
class CountedFiles implements PackedFiles {
  readonly names: readonly string[];
  unread = new Set<string>();
  opened: string[] = [];

  constructor(...names: string[]) {
    this.names = names;
  }

  scan(): Promise<ScannedEntry[]> {
    return Promise.resolve(
      this.names.map((name) => ({ name, type: "file", mode: 0o600, modifiedAt: 1000 })),
    );
  }

  info(path: string) {
    const name = path.split("/").at(-1)!;
    const type = name === "way" ? "symlink" as const : "directory" as const;
    return Promise.resolve({ name, path, type, size: 0, modifiedAt: new Date(0).toISOString() });
  }

  open(path: string): Promise<OpenedFile> {
    const name = path.split("/").at(-1)!;
    if (name === "gone") throw new CommandError("File not found", { reason: "ENOENT" });
    if (name === "closed") throw new CommandError("Permission denied", { reason: "EACCES" });
    this.unread.add(name);
    this.opened.push(name);
    let left = 2;
    const content = new ReadableStream<Uint8Array>({
      pull: (controller) => {
        controller.enqueue(new Uint8Array(PIECE));
        if (--left > 0) return;
        controller.close();
        this.unread.delete(name);
      },
      cancel: () => void this.unread.delete(name),
    }, { highWaterMark: 0 });
    const size = 2 * PIECE;
    return Promise.resolve({
      size,
      length: size,
      mode: 0o600,
      modifiedAt: 0,
      version: "v",
      content,
    });
  }
}

async function namesOf(archive: ReadableStream<Uint8Array>): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of readTar(archive)) names.push(name);
  return names;
}

Deno.test("packTree() packs all, leaves out what is gone, and opens few files ahead", async () => {
  const names = Array.from({ length: 40 }, (_, index) => `f${index}`);
  const files = new CountedFiles(...names.slice(0, 20), "gone", ...names.slice(20));
  const archive = await packTree(files, "/workspace", signal);
  const reader = archive.getReader();
  await reader.read();
  assertEquals(files.opened.length <= 7, true, `${files.opened.length} are open`);
  reader.releaseLock();
  await archive.cancel();
  await until(() => files.unread.size === 0, 5000, "all files to be let go of");
  const again = new CountedFiles(...files.names);
  assertEquals(await namesOf(await packTree(again, "/workspace", signal)), names);
  assertEquals(again.unread.size, 0);
});

Deno.test("packTree() lets go of every file wherever its reader stops", async () => {
  for (let pieces = 0; pieces < 12; pieces++) {
    const files = new CountedFiles("a", "b", "c", "d", "e", "f", "g");
    const reader = (await packTree(files, "/workspace", signal)).getReader();
    for (let read = 0; read < pieces; read++) await reader.read();
    await reader.cancel();
    await until(() => files.unread.size === 0, 5000, `all files to be let go of after ${pieces}`);
  }
});

Deno.test("packTree() breaks off at what cannot be read, and when the session ends", async () => {
  const closed = new CountedFiles("a", "closed", "b");
  await assertRejects(async () => namesOf(await packTree(closed, "/workspace", signal)));
  await until(() => closed.unread.size === 0, 5000, "all files to be let go of");
  const abort = new AbortController();
  const files = new CountedFiles("a", "b");
  const archive = await packTree(files, "/workspace", abort.signal);
  abort.abort(new Error("ended"));
  await assertRejects(() => namesOf(archive), Error, "ended");
});

Deno.test("packTree() does not go by way of a symlink", async () => {
  const files = new CountedFiles("a");
  for (const path of ["/workspace/way", "way/below"]) {
    await assertRejects(() => packTree(files, path, signal), CommandError, "Symbolic link");
  }
  await assertRejects(() => packTree(files, "/etc", signal), CommandError, "outside");
});
