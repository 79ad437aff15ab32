import { encodeTarHeader, splitTarName } from "./tar_header.ts";
import { TAR_BLOCK_BYTES, tarPadding } from "./tar_entry.ts";
import { encodePax } from "./tar_pax.ts";

/** What is common to everything that is put into an archive. */
export interface TarSourceBase {
  /** A path with slashes, relative to where the archive is unpacked. */
  readonly name: string;
  /** Permissions. @default {0o644, or 0o755 for a directory, 0o777 for a symlink} */
  readonly mode?: number;
  /** @default {0} */
  readonly uid?: number;
  /** @default {0} */
  readonly gid?: number;
  /** Seconds since 1970. @default {0} */
  readonly mtime?: number;
}

/** Something to put into an archive. */
export type TarSource =
  | TarSourceBase & { readonly type: "directory" }
  | TarSourceBase & { readonly type: "symlink"; readonly linkName: string }
  | TarSourceBase & { readonly type: "file"; readonly content: Uint8Array }
  | TarSourceBase & {
    readonly type: "file";
    readonly content: AsyncIterable<Uint8Array>;
    /** How many bytes the stream has; it is an error if it turns out to have more or less. */
    readonly size: number;
  };

const CHUNK_BYTES = 64 * 1024;
const MAX_OCTAL_7 = 0o7777777;
const MAX_OCTAL_11 = 0o77777777777;
const TYPE_FLAGS = { file: "0", symlink: "2", directory: "5" } as const;
const DEFAULT_MODES = { file: 0o644, symlink: 0o777, directory: 0o755 } as const;

/** Writes an archive as it is read; content that is a stream is read only then. */
export function writeTar(
  entries: Iterable<TarSource> | AsyncIterable<TarSource>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  return ReadableStream.from(gather(writeEntries(entries)));
}

async function* writeEntries(
  entries: Iterable<TarSource> | AsyncIterable<TarSource>,
): AsyncGenerator<Uint8Array> {
  for await (const entry of entries) {
    const size = sizeOf(entry);
    yield* writeHeader(entry, size);
    if (entry.type === "file") {
      yield* entry.content instanceof Uint8Array
        ? [entry.content]
        : exactly(entry.content, size, entry.name);
    }
    yield new Uint8Array(tarPadding(size));
  }
  yield new Uint8Array(2 * TAR_BLOCK_BYTES);
}

function sizeOf(entry: TarSource): number {
  if (entry.type !== "file") return 0;
  const size = entry.content instanceof Uint8Array
    ? entry.content.length
    : (entry as { readonly size: number }).size;
  if (Number.isSafeInteger(size) && size >= 0) return size;
  throw new RangeError(`Cannot archive "${entry.name}": its size ${size} is no number of bytes`);
}

function* writeHeader(entry: TarSource, size: number): Generator<Uint8Array> {
  const linkName = entry.type === "symlink" ? entry.linkName : "";
  if (/^$|\0/.test(entry.name) || linkName.includes("\0")) {
    throw new RangeError(`Cannot archive ${JSON.stringify(entry.name)}: expected a path`);
  }
  const isDirectory = entry.type === "directory";
  const name = isDirectory ? entry.name.replace(/\/*$/, "/") : entry.name;
  const { mode = DEFAULT_MODES[entry.type], uid = 0, gid = 0 } = entry;
  const mtime = Math.max(0, Math.floor(entry.mtime ?? 0));
  const records = {
    ...(splitTarName(name) === undefined && { path: name }),
    ...(!/^\p{ASCII}{0,100}$/u.test(linkName) && { linkpath: linkName }),
    ...(size > MAX_OCTAL_11 && { size: String(size) }),
    ...(uid > MAX_OCTAL_7 && { uid: String(uid) }),
    ...(gid > MAX_OCTAL_7 && { gid: String(gid) }),
  };
  if (Object.keys(records).length > 0) yield* writePax(records);
  // Fields that a record replaces are filled with what fits.
  yield encodeTarHeader({
    name: "path" in records ? ascii(name).slice(0, 100) : name,
    typeFlag: TYPE_FLAGS[entry.type],
    size: size > MAX_OCTAL_11 ? 0 : size,
    mode: mode % 0o10000,
    uid: uid > MAX_OCTAL_7 ? 0 : uid,
    gid: gid > MAX_OCTAL_7 ? 0 : gid,
    mtime: Math.min(mtime, MAX_OCTAL_11),
    linkName: "linkpath" in records ? ascii(linkName).slice(0, 100) : linkName,
  });
}

function* writePax(records: Readonly<Record<string, string>>): Generator<Uint8Array> {
  const bytes = encodePax(records);
  const numbers = { size: bytes.length, mode: 0o644, uid: 0, gid: 0, mtime: 0 };
  yield encodeTarHeader({ name: "PaxHeaders/0", typeFlag: "x", linkName: "", ...numbers });
  yield bytes;
  yield new Uint8Array(tarPadding(bytes.length));
}

function ascii(text: string): string {
  return text.replace(/\P{ASCII}/gu, "_");
}

async function* exactly(
  content: AsyncIterable<Uint8Array>,
  size: number,
  name: string,
): AsyncGenerator<Uint8Array> {
  let left = size;
  for await (const chunk of content) {
    left -= chunk.length;
    if (left < 0) break;
    yield chunk;
  }
  if (left === 0) return;
  const found = left < 0 ? "more" : `only ${size - left}`;
  throw new RangeError(
    `Cannot archive "${name}": ${size} bytes were announced, there are ${found}`,
  );
}

/** Joins small pieces into chunks, as each chunk costs a write on the way. */
async function* gather(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
  let chunk = new Uint8Array(CHUNK_BYTES);
  let length = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + chunk.length - length);
      chunk.set(part, length);
      at += part.length;
      length += part.length;
      if (length < chunk.length) continue;
      yield chunk;
      chunk = new Uint8Array(CHUNK_BYTES);
      length = 0;
    }
  }
  if (length > 0) yield chunk.subarray(0, length);
}
