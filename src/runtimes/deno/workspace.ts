import { join } from "@std/path";
import { type ConfinedDirectory, FdDirectory, PathDirectory } from "./confined_directory.ts";
import type { RunDirectory } from "./run_directory.ts";
import type { Slot, Slots } from "./slots.ts";

/** A place of {@linkcode Workspace} in use by one child; disposing gives it back. */
export interface Occupation extends Disposable {
  /** Where the workspace is while it is occupied. */
  readonly path: string;
}

/**
 * The directory of a session's files. It is moved into the slot of the child that runs next, by one
 * `rename`: that is how a child that was started for nobody in particular becomes this session's own.
 */
export class Workspace implements Disposable {
  readonly #directory: RunDirectory;
  readonly #slots: Slots;
  #path: string;
  #host: Slot | undefined;
  #users = 0;
  #disposed = false;
  #handoff: Promise<unknown> = Promise.resolve();
  #descriptor: FdDirectory | undefined;

  /** Makes an empty workspace. */
  constructor(directory: RunDirectory, slots: Slots, id: string) {
    this.#directory = directory;
    this.#slots = slots;
    this.#path = join(directory.path, "workspaces", id);
    this.#make();
  }

  /** The directory now: held open where descriptors have paths, else by its path until it moves. */
  get root(): ConfinedDirectory {
    return this.#descriptor ?? new PathDirectory(this.#path);
  }

  /** Whether no child uses it, so that it may be moved. */
  get idle(): boolean {
    return this.#users === 0 && !this.#disposed;
  }

  /** Where it is now. It stays there while it is occupied. */
  get path(): string {
    return this.#path;
  }

  /** Moves it into a slot and occupies it; the slot then belongs to the workspace. */
  moveInto(slot: Slot): Occupation {
    const path = join(slot.root, "workspace");
    const left = this.#host;
    if (left !== undefined) Deno.chmodSync(left.root, 0o755);
    Deno.renameSync(this.#path, path);
    // The code may do what it likes in the workspace, but not move or remove the workspace itself.
    Deno.chmodSync(slot.root, 0o555);
    this.#path = path;
    this.#host = slot;
    if (left !== undefined) this.#slots.release(left);
    return this.occupy();
  }

  /** Keeps it where it is for one more child. */
  occupy(): Occupation {
    this.#users++;
    let held = true;
    return {
      path: this.#path,
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#users--;
        this.#restore();
      },
    };
  }

  /** Runs one hand-off of code at a time: they use the same name in the workspace. */
  inTurn<T>(action: () => Promise<T>): Promise<T> {
    const turn = this.#handoff.then(action);
    this.#handoff = turn.catch(() => {});
    return turn;
  }

  /** Removes it with all files; children must have ended. */
  [Symbol.dispose](): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#descriptor?.[Symbol.dispose]();
    if (this.#host !== undefined) {
      Deno.chmodSync(this.#host.root, 0o755);
      this.#slots.release(this.#host);
    } else {
      this.#directory.discard(this.#path);
    }
  }

  #make(): void {
    Deno.mkdirSync(this.#path, { mode: 0o755 });
    this.#descriptor = this.#directory.descriptors ? new FdDirectory(this.#path) : undefined;
  }

  /** Code without a sandbox around it may have removed the workspace itself: the session goes on without files. */
  #restore(): void {
    try {
      if (Deno.lstatSync(this.#path).isDirectory) return;
      Deno.removeSync(this.#path);
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    this.#descriptor?.[Symbol.dispose]();
    this.#make();
  }
}
