import { type TarSource, writeTar } from "../../src/runtimes/tar/tar_writer.ts";
import { RUNTIMES } from "./recipe.ts";

/** What every image of {@linkcode RUNTIMES} may copy from beside its own folder. */
const SHARED_FOLDERS = ["common", "debian"];

const TRUST_FILE = "debian/trust/extra.pem";

/** Options of {@linkcode buildContext}. */
export interface BuildContextOptions {
  /** Certificates that stages which are thrown away trust in addition. */
  certificates?: Uint8Array | undefined;
}

/** Packs what a build of a folder's image may copy from. */
export function buildContext(
  folder: string,
  options: BuildContextOptions = {},
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return writeTar(entries([...SHARED_FOLDERS, folder], options.certificates));
}

async function* entries(
  folders: readonly string[],
  certificates: Uint8Array | undefined,
): AsyncGenerator<TarSource> {
  for (const folder of folders) yield* walk(folder);
  if (certificates !== undefined) yield { type: "file", name: TRUST_FILE, content: certificates };
}

async function* walk(path: string): AsyncGenerator<TarSource> {
  yield { type: "directory", name: path };
  const found = await Array.fromAsync(Deno.readDir(new URL(path, RUNTIMES)));
  for (const { name, isDirectory } of found.toSorted((a, b) => a.name < b.name ? -1 : 1)) {
    const child = `${path}/${name}`;
    if (isDirectory) yield* walk(child);
    else yield await file(child);
  }
}

async function file(name: string): Promise<TarSource> {
  const url = new URL(name, RUNTIMES);
  const content = await Deno.readFile(url);
  const { mode } = await Deno.stat(url);
  // The images are to be the same whatever umask the files were checked out with.
  return { type: "file", name, content, mode: ((mode ?? 0o755) & 0o100) === 0 ? 0o644 : 0o755 };
}
