import { factsOf } from "./file_facts.ts";
import { linkEnd, lstatIfThere, parentOf } from "./link_end.ts";
import { withParents } from "./make_directories.ts";
import { RequestFailure } from "./request_failure.ts";

/** Options of {@linkcode FileReplacement}. */
export interface ReplacementOptions {
  /** @default {those of the file that is replaced} */
  readonly mode?: number;
  /** Milliseconds since 1970. @default {now} */
  readonly modifiedAt?: number;
  /** Whether symlinks at the end are followed, or replaced. @default {true} */
  readonly follow?: boolean;
  /** The version that is replaced, null for none. @default {any} */
  readonly expected?: string | null;
}

const NEW_FILE_MODE = 0o644;

/** The new content of a file, under another name beside it until it is complete. */
export class FileReplacement {
  readonly #target: string;
  readonly #temporary: string;
  readonly #file: Deno.FsFile;
  readonly #mode: number | undefined;
  readonly #options: ReplacementOptions;
  readonly #created: boolean;
  #open = true;
  #committed = false;

  /** Begins to replace what is at a path, or where the symlinks at its end lead. Makes missing parents. */
  constructor(path: string, options: ReplacementOptions = {}) {
    const { follow = true, mode } = options;
    const { path: target, info } = follow ? linkEnd(path) : { path, info: lstatIfThere(path) };
    if (info?.isDirectory) throw new RequestFailure("EISDIR", "Is a directory");
    this.#target = target;
    this.#options = options;
    this.#created = info === undefined;
    this.#mode = mode ??
      (info?.isFile && info.mode !== null ? info.mode & 0o777 : undefined);
    this.#temporary = temporaryBeside(target);
    this.#file = withParents(
      target,
      () => Deno.openSync(this.#temporary, { createNew: true, write: true, mode: NEW_FILE_MODE }),
    );
  }

  /** Adds content. */
  write(bytes: Uint8Array): void {
    writeAll(this.#file, bytes);
  }

  /** Puts it into its place: readers see the old content or the new, never half. */
  commit(): { readonly version: string; readonly created: boolean } {
    const { modifiedAt, expected } = this.#options;
    if (modifiedAt !== undefined) {
      const time = new Date(modifiedAt);
      this.#file.utimeSync(time, time);
    }
    const { version } = factsOf(this.#file.statSync());
    if (expected !== undefined) this.#require(expected);
    if (this.#mode !== undefined) Deno.chmodSync(this.#temporary, this.#mode);
    this.#close();
    Deno.renameSync(this.#temporary, this.#target);
    this.#committed = true;
    return { version, created: this.#created };
  }

  #require(expected: string | null): void {
    const info = lstatIfThere(this.#target);
    if ((info === undefined ? null : factsOf(info).version) === expected) return;
    throw new RequestFailure("CHANGED", "It was changed meanwhile");
  }

  /** Gives it up, unless it is in its place. */
  discard(): void {
    if (this.#committed) return;
    this.#close();
    try {
      Deno.removeSync(this.#temporary);
    } catch {
      // Removed by the code that shares the directory.
    }
  }

  #close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#file.close();
  }
}

/** A hidden name that nothing has, in the directory of `path`. */
export function temporaryBeside(path: string): string {
  const directory = parentOf(path);
  const random = crypto.getRandomValues(new Uint8Array(8)).toHex();
  return `${directory === "/" ? "" : directory}/.codebeaker-${random}`;
}

/** Writes all of the bytes. */
export function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let rest = bytes; rest.length > 0;) rest = rest.subarray(file.writeSync(rest));
}
