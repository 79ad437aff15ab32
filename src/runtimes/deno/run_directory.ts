import { join, resolve } from "@std/path";
import { descriptorsHavePaths, errorCode } from "./confined_directory.ts";
import type { ScratchSpace } from "./file_tree.ts";

const PREFIX = "deno-";

/**
 * The part of the data directory that one running server has for its Deno sessions. It is locked while
 * the server lives, so that the next one knows what was left behind by a crash and removes it.
 */
export class RunDirectory implements ScratchSpace, AsyncDisposable {
  /** Absolute path. */
  readonly path: string;
  /** Whether open descriptors can be used as paths; see {@linkcode descriptorsHavePaths}. */
  readonly descriptors: boolean = descriptorsHavePaths();
  /** Unique among the servers that share the data directory. */
  readonly id: string;
  readonly #lock: Deno.FsFile;
  readonly #removals = new Set<Promise<void>>();
  #next = 0;
  #nextSlot = 0;
  #disposed: Promise<void> | undefined;

  private constructor(path: string, id: string, lock: Deno.FsFile) {
    this.path = path;
    this.id = id;
    this.#lock = lock;
  }

  /**
   * Makes and locks a fresh directory and removes those of servers that are gone.
   *
   * @param onStale is told the id of each server whose remains are removed
   */
  static async open(dataDir: string, onStale: (id: string) => void): Promise<RunDirectory> {
    const root = resolve(dataDir);
    await Deno.mkdir(root, { recursive: true });
    const id = crypto.randomUUID().slice(0, 8);
    const path = join(root, `${PREFIX}${id}`);
    await Deno.mkdir(path, { mode: 0o700 });
    const lock = await Deno.open(join(path, "lock"), { create: true, write: true });
    await lock.lock(true);
    const directory = new RunDirectory(path, id, lock);
    for (const name of ["workspaces", "slots", "tmp"]) await Deno.mkdir(join(path, name));
    await directory.#removeStale(root, onStale);
    return directory;
  }

  /** A fresh path for what no session may see, on the file system of the workspaces. */
  temporaryPath(): string {
    return join(this.path, "tmp", String(this.#next++));
  }

  /** A fresh name for a slot: slots of an isolation that did not work may still be there. */
  slotName(): string {
    return String(this.#nextSlot++);
  }

  /** Removes a path in the background; what is not there is fine. */
  discard(path: string): void {
    const removal = removeTree(path).finally(() => this.#removals.delete(removal));
    this.#removals.add(removal);
  }

  /** Waits for the removals and removes the directory itself. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    await Promise.allSettled(this.#removals);
    await removeTree(this.path);
    this.#lock.close();
  }

  async #removeStale(root: string, onStale: (id: string) => void): Promise<void> {
    for await (const { name } of Deno.readDir(root)) {
      if (!name.startsWith(PREFIX) || name === `${PREFIX}${this.id}`) continue;
      const path = join(root, name);
      if (!await isAbandoned(path)) continue;
      onStale(name.slice(PREFIX.length));
      this.discard(path);
    }
  }
}

async function isAbandoned(path: string): Promise<boolean> {
  try {
    using lock = await Deno.open(join(path, "lock"), { write: true });
    return await lock.tryLock(true);
  } catch (error) {
    // Another server is making or removing it right now, or it is nothing of ours.
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Removes a tree even if code in the sandbox took its own rights to it away. */
async function removeTree(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (errorCode(error) === "ENOENT") return;
    await new Deno.Command("sh", {
      args: ["-c", 'chmod -R u+rwX -- "$1"; rm -rf -- "$1"', "sh", path],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
  }
}
