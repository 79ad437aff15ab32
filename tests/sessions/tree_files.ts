import { CommandError } from "../../src/errors.ts";
import type { Entry } from "../../src/protocol/commands.ts";
import { eachSettled } from "../../src/runtimes/each_settled.ts";
import type { ReadOptions } from "../../src/runtimes/runtime.ts";

/** A tree of a test: texts are files, objects directories, and `null` is a symlink. */
export interface TestTree {
  readonly [name: string]: string | Uint8Array | TestTree | null;
}

/** Files of a tree in memory, read only. */
export class TreeFiles {
  readonly #root: TestTree;
  /** The paths that were listed, in order. */
  readonly listed: string[] = [];
  /** Listings and reads under way at the same time, at most. */
  busiest = 0;
  #busy = 0;
  /** Awaited before a directory is listed. */
  gate: (path: string) => Promise<void> | void = () => {};

  constructor(root: TestTree) {
    this.#root = root;
  }

  async list(path: string): Promise<Entry[]> {
    this.listed.push(path);
    return await this.#counted(async () => {
      await this.gate(path);
      const found = this.#find(path);
      if (!isTree(found)) throw new CommandError(`Not a directory: ${path}`);
      return Object.keys(found).sort().map((name) => entry(`${path}/${name}`, found[name]!));
    });
  }

  async info(path: string): Promise<Entry> {
    return await this.#counted(() => Promise.resolve(entry(path, this.#find(path))));
  }

  async read(path: string, { length = Infinity }: { length?: number | undefined } = {}) {
    return await this.#counted(() => {
      const found = this.#find(path);
      if (found === null || isTree(found)) throw new CommandError(`Is a directory: ${path}`);
      const all = typeof found === "string" ? new TextEncoder().encode(found) : found;
      return Promise.resolve({ content: all.slice(0, length), size: all.length });
    });
  }

  readMany(paths: readonly string[], options: ReadOptions = {}) {
    return eachSettled(paths, (path) => this.read(path, options));
  }

  listMany(paths: readonly string[]) {
    return eachSettled(paths, (path) => this.list(path));
  }

  async #counted<T>(action: () => Promise<T>): Promise<T> {
    this.busiest = Math.max(this.busiest, ++this.#busy);
    try {
      await Promise.resolve();
      return await action();
    } finally {
      this.#busy--;
    }
  }

  #find(path: string): TestTree[string] {
    return path.split("/").slice(2).reduce<TestTree[string]>((at, name) => {
      const below = isTree(at) ? at[name] : undefined;
      if (below === undefined) throw new CommandError(`File not found: ${path}`);
      return below;
    }, this.#root);
  }
}

function isTree(value: TestTree[string] | undefined): value is TestTree {
  return typeof value === "object" && value !== null && !(value instanceof Uint8Array);
}

function entry(path: string, value: TestTree[string]): Entry {
  return {
    name: path.split("/").at(-1) ?? "",
    path,
    type: value === null ? "symlink" : isTree(value) ? "directory" : "file",
    size: value === null || isTree(value) ? 0 : value.length,
    modifiedAt: new Date(0).toISOString(),
  };
}
