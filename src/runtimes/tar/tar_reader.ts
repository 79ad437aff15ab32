import { ByteSource } from "./byte_source.ts";
import { decodeTarHeader, type RawTarHeader } from "./tar_header.ts";
import { TAR_BLOCK_BYTES, type TarHeader, tarPadding, type TarType } from "./tar_entry.ts";
import { decodePax } from "./tar_pax.ts";

/** An entry of an archive that is being read. */
export interface TarEntry extends TarHeader {
  /** The content. What is not read by the time the next entry is asked for is passed over. */
  readonly readable: ReadableStream<Uint8Array>;
}

/** Options of {@linkcode readTar}. */
export interface ReadTarOptions {
  /** Bytes that a long name or an extended header may have. @default {1_048_576} */
  maxHeaderBytes?: number;
}

const MAX_EXTENSIONS = 8;
const MAX_TRAILER_BYTES = 64 * 1024;
const TYPES: Readonly<Record<string, TarType>> = {
  "0": "file",
  "\0": "file",
  "7": "file",
  "1": "hardlink",
  "2": "symlink",
  "5": "directory",
};
/** Links, devices, directories and pipes: whatever size they state, nothing follows. */
const WITHOUT_CONTENT = "123456";

/**
 * Reads an archive entry by entry. Ends behind the archive; a stream that ends before is an error, as
 * is anything malformed. The stream is cancelled when the reading is given up.
 */
export async function* readTar(
  archive: ReadableStream<Uint8Array>,
  options: ReadTarOptions = {},
): AsyncGenerator<TarEntry> {
  const { maxHeaderBytes = 1024 * 1024 } = options;
  const source = new ByteSource(archive);
  try {
    while (true) {
      const header = await readHeader(source, maxHeaderBytes);
      if (header === undefined) break;
      const content = new Content(source, header);
      yield { ...header, readable: content.readable };
      await content.finish();
    }
    await source.skip(MAX_TRAILER_BYTES);
  } catch (error) {
    throw error instanceof SyntaxError
      ? new SyntaxError(`Cannot read the tar archive: ${error.message}`, { cause: error })
      : error;
  } finally {
    // A stream that failed has thrown already.
    await source.cancel().catch(() => {});
  }
}

/** Reads a header and what is put before it to extend it; undefined at the end of the archive. */
async function readHeader(source: ByteSource, maxBytes: number): Promise<TarHeader | undefined> {
  const records = new Map<string, string>();
  for (let extensions = 0; extensions <= MAX_EXTENSIONS; extensions++) {
    const raw = decodeTarHeader(await readBlock(source));
    if (raw === undefined) {
      if (extensions > 0) throw new SyntaxError("an extended header is not followed by an entry");
      return undefined;
    }
    if (!"xgLK".includes(raw.typeFlag)) return merge(raw, records);
    const bytes = await readExtension(source, raw, maxBytes);
    for (const [key, value] of extensionRecords(raw.typeFlag, bytes)) records.set(key, value);
  }
  throw new SyntaxError(`an entry has more than ${MAX_EXTENSIONS} extended headers`);
}

async function readBlock(source: ByteSource): Promise<Uint8Array> {
  const block = await source.readUpTo(TAR_BLOCK_BYTES);
  if (block.length < TAR_BLOCK_BYTES) throw new SyntaxError("it is cut off");
  return block;
}

async function readExtension(
  source: ByteSource,
  { size }: RawTarHeader,
  maxBytes: number,
): Promise<Uint8Array> {
  if (size > maxBytes) {
    throw new SyntaxError(`an extended header has ${size} bytes, at most ${maxBytes} are read`);
  }
  const padded = size + tarPadding(size);
  const bytes = await source.readUpTo(padded);
  if (bytes.length < padded) throw new SyntaxError("it is cut off");
  return bytes.subarray(0, size);
}

function extensionRecords(typeFlag: string, bytes: Uint8Array): Iterable<[string, string]> {
  if (typeFlag === "x") return decodePax(bytes);
  if (typeFlag === "g") {
    // Those for all entries carry remarks, such as a commit; names and sizes for all make no sense.
    for (const key of decodePax(bytes).keys()) {
      if (/^(path|linkpath|size|GNU\.sparse\..*)$/.test(key)) {
        throw new SyntaxError(`a global extended header sets "${key}"`);
      }
    }
    return [];
  }
  const end = bytes.indexOf(0);
  const name = new TextDecoder().decode(end < 0 ? bytes : bytes.subarray(0, end));
  return [[typeFlag === "L" ? "path" : "linkpath", name]];
}

function merge(raw: RawTarHeader, records: ReadonlyMap<string, string>): TarHeader {
  const name = records.get("path") ?? raw.name;
  if (name === "") throw new SyntaxError("an entry has no name");
  const isSparse = records.keys().some((key) => key.startsWith("GNU.sparse."));
  const known = isSparse ? "other" : TYPES[raw.typeFlag] ?? "other";
  // Before ustar, a slash at the end was all that told directories.
  const type = raw.typeFlag === "\0" && name.endsWith("/") ? "directory" : known;
  const size = WITHOUT_CONTENT.includes(raw.typeFlag) ? 0 : numberOf(records, "size") ?? raw.size;
  return {
    name,
    type,
    size,
    mode: raw.mode,
    uid: numberOf(records, "uid") ?? raw.uid,
    gid: numberOf(records, "gid") ?? raw.gid,
    linkName: records.get("linkpath") ?? raw.linkName,
    mtime: timeOf(records.get("mtime")) ?? raw.mtime,
  };
}

function numberOf(records: ReadonlyMap<string, string>, key: string): number | undefined {
  const text = records.get(key);
  if (text === undefined) return undefined;
  const value = /^\d{1,16}$/.test(text) ? Number(text) : NaN;
  if (!Number.isSafeInteger(value)) throw new SyntaxError(`the ${key} of an entry is malformed`);
  return value;
}

function timeOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  if (!/^-?\d{1,15}(\.\d*)?$/.test(text)) {
    throw new SyntaxError("the mtime of an entry is malformed");
  }
  return Number(text);
}

/** The content of the entry that the reading is at. */
class Content {
  readonly readable: ReadableStream<Uint8Array>;
  readonly #source: ByteSource;
  readonly #padding: number;
  #left: number;
  #pulling: Promise<void> | undefined;
  #passed = false;

  constructor(source: ByteSource, { size }: TarHeader) {
    this.#source = source;
    this.#left = size;
    this.#padding = tarPadding(size);
    this.readable = new ReadableStream({
      pull: (controller) => this.#pulling = this.#pull(controller),
    }, { highWaterMark: 0 });
  }

  /** Passes over what nobody read. */
  async finish(): Promise<void> {
    this.#passed = true;
    // A failed read has been thrown where it was read; here, the next one fails again.
    await this.#pulling?.catch(() => {});
    const rest = this.#left + this.#padding;
    if (await this.#source.skip(rest) < rest) throw new SyntaxError("it is cut off");
  }

  async #pull(controller: ReadableStreamDefaultController<Uint8Array>): Promise<void> {
    if (this.#left === 0) return controller.close();
    if (this.#passed) throw new TypeError("Cannot read an entry once the next one was asked for");
    const piece = await this.#source.readSome(this.#left);
    if (piece === undefined) throw new SyntaxError("Cannot read the tar archive: it is cut off");
    this.#left -= piece.length;
    controller.enqueue(piece);
  }
}
