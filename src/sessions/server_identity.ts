import { join } from "@std/path";
import { RegistryError } from "./registry_error.ts";
import { newId } from "./session_ids.ts";

const FILE_NAME = "server-id";
const ID_REGEXP = /^[0-9a-z]{32}$/;
/** More than the file ever holds, so that another file in its place is not read to its end. */
const MAX_BYTES = 64;

/**
 * Who the server of a data directory is: an id that stays the same from one start to the next, in a file
 * that is locked while the server lives. The lock is the system's and ends with the process, however that
 * ends. The id is not in the database, so that it outlives one that has to be given up.
 */
export class ServerIdentity implements Disposable {
  /** Random, made once per data directory. */
  readonly id: string;
  readonly #file: Deno.FsFile;

  private constructor(id: string, file: Deno.FsFile) {
    this.id = id;
    this.#file = file;
  }

  /** Becomes the server of a directory. Throws {@linkcode RegistryError} if another one is. */
  static async take(directory: string): Promise<ServerIdentity> {
    const path = join(directory, FILE_NAME);
    const options = { create: true, read: true, write: true, mode: 0o600 };
    const file = await Deno.open(path, options);
    try {
      if (!await file.tryLock(true)) throw inUse(directory);
      return new ServerIdentity(await readId(file) ?? await writeId(file), file);
    } catch (error) {
      file.close();
      throw error;
    }
  }

  /** Lets another server have the directory. */
  [Symbol.dispose](): void {
    this.#file.close();
  }
}

async function readId(file: Deno.FsFile): Promise<string | undefined> {
  const bytes = new Uint8Array(MAX_BYTES);
  const length = await file.read(bytes) ?? 0;
  const id = new TextDecoder().decode(bytes.subarray(0, length)).trim();
  return ID_REGEXP.test(id) ? id : undefined;
}

async function writeId(file: Deno.FsFile): Promise<string> {
  const id = newId();
  await file.truncate(0);
  await file.seek(0, Deno.SeekMode.Start);
  await file.write(new TextEncoder().encode(`${id}\n`));
  // What is made under an id that is lost would never be cleaned up.
  await file.sync();
  return id;
}

function inUse(directory: string): RegistryError {
  return new RegistryError(
    `Cannot use the data directory "${directory}": another server that is running uses it, ` +
      "stop that one or give this one a directory of its own with --data-dir",
  );
}
