import { join } from "@std/path";
import type { Cgroups } from "./cgroups.ts";
import type { RunDirectory } from "./run_directory.ts";
import { runScript } from "./run_script.ts";

/** The place of one child, made ahead of time and used once. */
export interface Slot {
  readonly name: string;
  /** Unique on this machine; in the environment of the child, so that it can be found by it. */
  readonly mark: string;
  /** A directory with the mount points of a sandbox, into which a workspace can be moved. */
  readonly root: string;
  /** A named pipe through which the code reaches the child. */
  readonly pipe: string;
}

const BATCH = 16;

// One process for all of a batch: Deno has no call for pipes with names, and scoped permissions exclude
// the file system of the groups.
const MAKE_PIPES = 'mkfifo -m 600 -- "$@"';
const MAKE_GROUPS = 'mkdir -- "$@"';
const REMOVE_GROUPS = 'rmdir -- "$@" 2>/dev/null; true';

/** What a slot's root holds before anything is mounted over it. */
export interface Skeleton {
  /** Absolute paths that are directories. */
  readonly directories: readonly string[];
  /** Absolute paths that are empty files, made after the directories. */
  readonly files: readonly string[];
  /** Symlinks of the top level. */
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

/** Makes slots in batches, so that a start rarely waits for one. */
export class Slots implements AsyncDisposable {
  readonly #directory: RunDirectory;
  readonly #cgroups: Cgroups | undefined;
  readonly #skeleton: Skeleton;
  readonly #stock: Slot[] = [];
  readonly #background = new Set<Promise<unknown>>();
  #released: string[] = [];
  #making: Promise<void> | undefined;

  /** Makes slots below `directory`, each with a control group of its own where there are any. */
  constructor(directory: RunDirectory, cgroups: Cgroups | undefined, skeleton: Skeleton) {
    this.#directory = directory;
    this.#cgroups = cgroups;
    this.#skeleton = skeleton;
  }

  /** Takes a slot. */
  async take(): Promise<Slot> {
    while (true) {
      const slot = this.#stock.pop();
      if (this.#stock.length < BATCH / 2) this.#refill();
      if (slot !== undefined) return slot;
      await this.#making;
    }
  }

  /** Removes a slot and all in its root. */
  release(slot: Slot): void {
    this.#directory.discard(join(this.#directory.path, "slots", slot.name));
    if (this.#cgroups === undefined) return;
    this.#released.push(...this.#cgroups.directories(slot.name));
    if (this.#released.length < BATCH) return;
    const removal = runScript(REMOVE_GROUPS, this.#released.splice(0))
      .finally(() => this.#background.delete(removal));
    this.#background.add(removal);
  }

  /** Waits for what is being made and removes the control groups. */
  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.allSettled([this.#making, ...this.#background]);
    for (const { name } of this.#stock.splice(0)) {
      this.#directory.discard(join(this.#directory.path, "slots", name));
    }
    await this.#cgroups?.remove();
  }

  #refill(): void {
    if (this.#making !== undefined) return;
    const making = this.#make().finally(() => this.#making = undefined);
    // Whoever waits for a slot sees the failure; a refill ahead of need is tried again with the next take.
    making.catch(() => {});
    this.#making = making;
  }

  async #make(): Promise<void> {
    const made = Array.from({ length: BATCH }, () => this.#plan());
    for (const { root } of made) this.#makeRoot(root);
    const groups = made.flatMap(({ name }) => this.#cgroups?.directories(name) ?? []);
    const results = await Promise.all([
      runScript(MAKE_PIPES, made.map(({ pipe }) => pipe)),
      groups.length === 0 ? undefined : runScript(MAKE_GROUPS, groups),
    ]);
    const failure = results.find((result) => result?.success === false);
    if (failure !== undefined) {
      throw new Error(`Cannot prepare places for child processes: ${failure.stderr.trim()}`);
    }
    this.#stock.push(...made);
  }

  #plan(): Slot {
    const name = this.#directory.slotName();
    const path = join(this.#directory.path, "slots", name);
    const mark = `${this.#directory.id}-${name}`;
    return { name, mark, root: join(path, "root"), pipe: join(path, "code") };
  }

  #makeRoot(root: string): void {
    for (const path of this.#skeleton.directories) {
      Deno.mkdirSync(join(root, path), { recursive: true });
    }
    for (const path of this.#skeleton.files) Deno.writeFileSync(join(root, path), new Uint8Array());
    for (const { path, target } of this.#skeleton.symlinks) {
      Deno.symlinkSync(target, join(root, path));
    }
  }
}
