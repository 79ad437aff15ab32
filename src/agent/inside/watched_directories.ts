import { Inotify, type InotifyEvent } from "./inotify.ts";
import type { OpenDirectory } from "./open_directory.ts";
import { WatchedDirectory } from "./watched_directory.ts";

/** Names that are remembered. Of others it cannot be told whether they were there before. */
const MAX_NAMES = 50_000;

/** The directories of a tree, those that the kernel watches and those that nobody has looked at yet. */
export class WatchedDirectories implements Disposable {
  /** The top of the tree. */
  readonly root = new WatchedDirectory("");
  readonly #inotify = new Inotify();
  readonly #byWatch = new Map<number, WatchedDirectory>();
  readonly #unseen: WatchedDirectory[] = [this.root];
  #nameCount = 0;

  /** How many are watched. */
  get size(): number {
    return this.#byWatch.size;
  }

  /** How many are watched or wait to be looked at. */
  get count(): number {
    return this.#byWatch.size + this.#unseen.length;
  }

  /** Whether some wait to be looked at. */
  get hasUnseen(): boolean {
    return this.#unseen.length > 0;
  }

  /** What the kernel has told since, or the first part of it. */
  read(): InotifyEvent[] {
    return this.#inotify.read();
  }

  /** The directory of a watch, if it is still in the tree. */
  of(watch: number): WatchedDirectory | undefined {
    return this.#byWatch.get(watch);
  }

  /** Takes one that nobody has looked at. */
  nextUnseen(): WatchedDirectory | undefined {
    for (;;) {
      const directory = this.#unseen.pop();
      if (directory === undefined || directory.isWithin(this.root)) return directory;
    }
  }

  /**
   * Has the kernel watch one, which is held open. False if it does so already: the directory has come
   * from another place, and what is known of it now stands here. Throws an `SystemCallError`.
   */
  watch(directory: WatchedDirectory, open: OpenDirectory): boolean {
    const watch = this.#inotify.add(open);
    const known = this.#byWatch.get(watch);
    if (known === undefined) {
      directory.watch = watch;
      this.#byWatch.set(watch, directory);
      return true;
    }
    const { parent, name } = directory;
    if (parent !== undefined && !parent.isWithin(known)) known.moveTo(parent, name);
    return false;
  }

  /** Takes one into its parent, to be looked at. */
  enter(parent: WatchedDirectory, name: string): void {
    const directory = new WatchedDirectory(name, parent);
    parent.children.set(name, directory);
    this.#unseen.push(directory);
  }

  /** Watches one and all below it no more. */
  drop(directory: WatchedDirectory | undefined): void {
    if (directory === undefined) return;
    for (const each of directory.all()) {
      this.#nameCount -= each.names.size;
      each.names.clear();
      if (each.watch === undefined) continue;
      this.#inotify.remove(each.watch);
      this.lose(each);
    }
    directory.detach();
  }

  /** The kernel watches one no more. */
  lose(directory: WatchedDirectory): void {
    if (directory.watch !== undefined) this.#byWatch.delete(directory.watch);
    directory.watch = undefined;
  }

  /** Remembers what is in one. */
  remember({ names }: WatchedDirectory, name: string, isDirectory: boolean): void {
    if (!names.has(name)) {
      if (this.#nameCount >= MAX_NAMES) return;
      this.#nameCount++;
    }
    names.set(name, isDirectory);
  }

  /** Remembers it no more. */
  forget({ names }: WatchedDirectory, name: string): void {
    if (names.delete(name)) this.#nameCount--;
  }

  /** Ends every watch. */
  [Symbol.dispose](): void {
    this.#inotify[Symbol.dispose]();
  }
}
