import type { WatchBatch, WatchEvent } from "./protocol.ts";

/** Events and characters of their paths that are collected before one is told to look for itself. */
const MAX_EVENTS = 2000;
const MAX_CHARACTERS = 100_000;
const MAX_NOT_WATCHED = 20;

/** Collects what happens, and makes one of what happens to the same path one after the other. */
export class EventBatch {
  #events: (WatchEvent | undefined)[] = [];
  /** Where the last event of a path stands. */
  #last = new Map<string, number>();
  #notWatched: string[] = [];
  #characters = 0;
  #hasOverflow = false;

  /** Whether there is nothing to tell. */
  get isEmpty(): boolean {
    return !this.#hasOverflow && this.#notWatched.length === 0 &&
      this.#events.every((event) => event === undefined);
  }

  /** Takes an event. */
  add(event: WatchEvent): void {
    if (this.#hasOverflow) return;
    const { kind, path, type, from = "" } = event;
    if (kind === "removed" && type === "directory") this.#dropBelow(path);
    const at = this.#last.get(path);
    const before = at === undefined ? undefined : this.#events[at];
    if (at !== undefined && before !== undefined && this.#merge(before, event, at)) return;
    this.#characters += path.length + from.length;
    if (this.#events.length >= MAX_EVENTS || this.#characters > MAX_CHARACTERS) {
      return this.overflow();
    }
    // What is renamed may be told of under both names before and after: nothing is moved past it.
    if (kind === "renamed") this.#last.clear();
    this.#last.set(path, this.#events.length);
    this.#events.push(event);
  }

  /** Something is not told: whoever wants to know has to look. What was collected tells nothing more. */
  overflow(): void {
    this.#hasOverflow = true;
    this.#events = [];
    this.#last.clear();
  }

  /** A directory is not watched, though it should be. */
  addNotWatched(path: string): void {
    if (this.#notWatched.length < MAX_NOT_WATCHED) this.#notWatched.push(path);
    else this.#hasOverflow = true;
  }

  /** What was collected; begins anew. */
  take(): WatchBatch {
    const batch = {
      events: this.#events.filter((event) => event !== undefined),
      overflow: this.#hasOverflow,
      notWatched: this.#notWatched,
    };
    this.#events = [];
    this.#last = new Map();
    this.#notWatched = [];
    this.#characters = 0;
    this.#hasOverflow = false;
    return batch;
  }

  /** Makes one event of two; false if both have to be told. */
  #merge(before: WatchEvent, { kind, path, type }: WatchEvent, at: number): boolean {
    switch (kind) {
      case "modified":
        return before.kind === "created" || before.kind === "modified";
      case "created":
        if (before.kind === "created") return true;
        if (before.kind !== "removed" || before.type !== type || type !== "file") return false;
        this.#events[at] = { kind: "modified", path, type };
        return true;
      case "removed":
        if (before.kind === "renamed") return false;
        if (before.kind === "created") this.#drop(path);
        else this.#events[at] = { kind, path, type };
        return true;
      default:
        return false;
    }
  }

  #drop(path: string): void {
    const at = this.#last.get(path);
    if (at !== undefined) this.#events[at] = undefined;
    this.#last.delete(path);
  }

  /** What happened in a directory does not matter when all of it is gone. */
  #dropBelow(directory: string): void {
    for (const path of this.#last.keys()) {
      if (path.startsWith(`${directory}/`)) this.#drop(path);
    }
  }
}
