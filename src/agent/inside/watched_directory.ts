/** A directory that is watched, or is about to be, and what is in it. */
export class WatchedDirectory {
  name: string;
  parent: WatchedDirectory | undefined;
  /** The number of its watch; undefined while there is none. */
  watch: number | undefined;
  /** The names in it that are known, and whether each is a directory. */
  readonly names = new Map<string, boolean>();
  /** The directories in it that are watched, or about to be. */
  readonly children = new Map<string, WatchedDirectory>();

  /** Makes the top, or one below its parent. */
  constructor(name: string, parent?: WatchedDirectory) {
    this.name = name;
    this.parent = parent;
  }

  /** The names from the top down to it. */
  get segments(): string[] {
    const segments: string[] = [];
    for (const { name, parent } of this.#upwards()) {
      if (parent !== undefined) segments.push(name);
    }
    return segments.reverse();
  }

  /** Puts it into another place. */
  moveTo(parent: WatchedDirectory, name: string): void {
    this.detach();
    this.parent = parent;
    this.name = name;
    parent.children.set(name, this);
  }

  /** Takes it out of its place. */
  detach(): void {
    if (this.parent?.children.get(this.name) === this) this.parent.children.delete(this.name);
    this.parent = undefined;
  }

  /** Whether it is in another, at any depth, or is that itself. */
  isWithin(other: WatchedDirectory): boolean {
    for (const each of this.#upwards()) {
      if (each === other) return true;
    }
    return false;
  }

  /** It and all below it. */
  *all(): Generator<WatchedDirectory> {
    yield this;
    for (const child of this.children.values()) yield* child.all();
  }

  *#upwards(): Generator<WatchedDirectory> {
    yield this;
    for (let { parent } = this; parent !== undefined; parent = parent.parent) yield parent;
  }
}
