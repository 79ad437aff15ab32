import type { OpenDirectory } from "./open_directory.ts";
import { checked, watchLibrary } from "./watch_library.ts";

const IN_NONBLOCK = 0o4000;
const O_CLOEXEC = 0o2000000;

/** What is told of a directory, as the kernel numbers it. */
export const IN = {
  modify: 0x2,
  attrib: 0x4,
  movedFrom: 0x40,
  movedTo: 0x80,
  create: 0x100,
  delete: 0x200,
  overflow: 0x4000,
  ignored: 0x8000,
  isDirectory: 0x40000000,
} as const;
const MASK = IN.modify | IN.attrib | IN.movedFrom | IN.movedTo | IN.create | IN.delete |
  0x01000000 /* IN_ONLYDIR */ | 0x04000000 /* IN_EXCL_UNLINK */;

/** As much as is read at once; what is more waits in the kernel, which says so when it is too much. */
const READ_BYTES = 64 * 1024;
const EVENT_BYTES = 16;
const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** What the kernel says of a directory. */
export interface InotifyEvent {
  /** The watch that it is of; -1 if it is of all. */
  readonly watch: number;
  /** Flags of {@linkcode IN}. */
  readonly mask: number;
  /** What the two halves of a move have in common. */
  readonly cookie: number;
  /** The name in the directory; empty if it is the directory itself. */
  readonly name: string;
}

/** The kernel's own notifications about directories. */
export class Inotify implements Disposable {
  readonly #library = watchLibrary();
  readonly #fd: number;
  readonly #buffer = new Uint8Array(READ_BYTES);
  readonly #view = new DataView(this.#buffer.buffer);
  #isOpen = true;

  /** Begins without a watch. Throws a `SystemCallError` if the system has no room for more. */
  constructor() {
    const fd = this.#library.inotify_init1(IN_NONBLOCK | O_CLOEXEC);
    this.#fd = checked("inotify_init1", fd);
  }

  /** Watches an open directory and returns the number of the watch; the same one for the same directory. */
  add(directory: OpenDirectory): number {
    const path = encoder.encode(`${directory.path}\0`);
    const watch = this.#library.inotify_add_watch(this.#fd, path, MASK);
    return checked("inotify_add_watch", watch);
  }

  /** Watches a directory no more; one that is gone is not watched already. */
  remove(watch: number): void {
    if (this.#isOpen) this.#library.inotify_rm_watch(this.#fd, watch);
  }

  /** What has happened and not been read yet, or the first part of it. */
  read(): InotifyEvent[] {
    const count = Number(this.#library.read(this.#fd, this.#buffer, BigInt(READ_BYTES)));
    const events: InotifyEvent[] = [];
    for (let at = 0; at < count;) {
      const start = at + EVENT_BYTES;
      const end = start + this.#view.getUint32(at + 12, true);
      const terminator = this.#buffer.indexOf(0, start);
      const nameEnd = terminator < 0 ? end : Math.min(end, terminator);
      events.push({
        watch: this.#view.getInt32(at, true),
        mask: this.#view.getUint32(at + 4, true),
        cookie: this.#view.getUint32(at + 8, true),
        name: start === end ? "" : decoder.decode(this.#buffer.subarray(start, nameEnd)),
      });
      at = end;
    }
    return events;
  }

  /** Ends every watch. */
  [Symbol.dispose](): void {
    if (!this.#isOpen) return;
    this.#isOpen = false;
    this.#library.close(this.#fd);
  }
}
