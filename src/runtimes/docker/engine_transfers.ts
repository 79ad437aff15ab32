import { CommandError } from "../../errors.ts";
import { refusal } from "../file_error.ts";
import type {
  FileTransfers,
  OpenedFile,
  OpenOptions,
  ScannedEntry,
  StoredFile,
  StoreOptions,
} from "../file_transfer.ts";
import type { FileContent } from "../runtime.ts";
import { parseModes } from "./engine_entries.ts";
import type { EngineFileCalls } from "./engine_file_call.ts";
import * as scripts from "./engine_file_scripts.ts";
import { modeText } from "./mode_text.ts";

/** What the files of a container do besides. */
export interface WholeFiles {
  /** The absolute path of a client's; `inside` refuses the workspace itself. */
  locate(path: string, options?: { readonly inside?: boolean }): string;
  read(path: string): Promise<FileContent>;
  /** Replaces a file; whether there was none before. */
  replace(path: string, content: Uint8Array, follow: boolean): Promise<boolean>;
  /** Throws a `SandboxError` of code `too_large` for more bytes than are held in memory. */
  checkSize(path: string, bytes: number): void;
}

/** A listing of so many entries, with names of 255 bytes. */
const MAX_LIST_BYTES = 100_001 * 340;
const LINKS_AT_ONCE = 100;
const MAX_TARGET_BYTES = 4096;

/**
 * What moves files in and out by programs that take whole files: they are held in memory, and so bounded.
 * A version is a hash of the content.
 */
export class EngineTransfers implements FileTransfers {
  readonly #calls: EngineFileCalls;
  readonly #files: WholeFiles;

  /** Works with the files of a container. */
  constructor(calls: EngineFileCalls, files: WholeFiles) {
    this.#calls = calls;
    this.#files = files;
  }

  /** Reads the file; see {@linkcode FileTransfers}. */
  async open(path: string, options: OpenOptions = {}): Promise<OpenedFile> {
    const { offset = 0, length = Infinity, signal } = options;
    signal?.throwIfAborted();
    const { content: whole, size } = await this.#files.read(path);
    const part = whole.subarray(offset, offset + length);
    return {
      size,
      mode: 0o644,
      modifiedAt: undefined,
      version: await hashOf(whole),
      length: part.length,
      content: ReadableStream.from(part.length > 0 ? [part] : []),
    };
  }

  /** Collects the content and writes it; see {@linkcode FileTransfers}. */
  async store(
    path: string,
    content: AsyncIterable<Uint8Array>,
    options: StoreOptions = {},
  ): Promise<StoredFile> {
    const { follow = true, expected, mode, modifiedAt, signal } = options;
    this.#files.locate(path, { inside: true });
    const whole = await this.#collect(path, content);
    signal?.throwIfAborted();
    if (expected !== undefined && await this.#version(path) !== expected) {
      throw refusal("changed", path);
    }
    const created = await this.#files.replace(path, whole, follow);
    if (mode !== undefined || modifiedAt !== undefined) {
      await this.adjust(path, {
        ...(mode !== undefined && { mode }),
        ...(modifiedAt !== undefined && { modifiedAt }),
      });
    }
    return { bytes: whole.length, version: await hashOf(whole), created };
  }

  /** Lists a directory; see {@linkcode FileTransfers}. */
  async scan(path: string): Promise<ScannedEntry[]> {
    const directory = this.#files.locate(path);
    const { content } = await this.#calls.run({
      script: scripts.LIST_SCRIPT,
      args: [directory],
      paths: [path],
      maxBytes: MAX_LIST_BYTES,
      again: true,
    });
    const entries = parseModes(new TextDecoder().decode(content));
    const links = entries.filter(({ type }) => type === "symlink").map(({ name }) => name);
    const targets = new Map<string, string>();
    for (let at = 0; at < links.length; at += LINKS_AT_ONCE) {
      const names = links.slice(at, at + LINKS_AT_ONCE);
      const { content } = await this.#calls.run({
        script: scripts.LINK_TARGETS_SCRIPT,
        args: names.map((name) => `${directory}/${name}`),
        paths: [path],
        maxBytes: LINKS_AT_ONCE * MAX_TARGET_BYTES,
        again: true,
      });
      const found = new TextDecoder().decode(content).split("\0");
      names.forEach((name, index) => targets.set(name, found[index] ?? ""));
    }
    return entries
      .map((entry) =>
        entry.type === "symlink" ? { ...entry, target: targets.get(entry.name) } : entry
      )
      .sort((a, b) => a.name < b.name ? -1 : 1);
  }

  /** Makes a symlink; see {@linkcode FileTransfers}. */
  async link(path: string, target: string): Promise<void> {
    const args = [this.#files.locate(path, { inside: true }), target];
    await this.#calls.run({ script: scripts.LINK_SCRIPT, args, paths: [path], again: true });
  }

  /** Sets permission bits and the time; see {@linkcode FileTransfers}. */
  async adjust(path: string, facts: { mode?: number; modifiedAt?: number }): Promise<void> {
    const { mode, modifiedAt } = facts;
    const args = [
      this.#files.locate(path, { inside: true }),
      mode === undefined ? "" : modeText(mode),
      modifiedAt === undefined ? "" : `${Math.floor(modifiedAt / 1000)}`,
    ];
    await this.#calls.run({ script: scripts.ADJUST_SCRIPT, args, paths: [path], again: true });
  }

  async #collect(path: string, content: AsyncIterable<Uint8Array>): Promise<Uint8Array> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let bytes = 0;
    for await (const piece of content) {
      this.#files.checkSize(path, bytes += piece.length);
      pieces.push(piece.slice());
    }
    return await new Blob(pieces).bytes();
  }

  async #version(path: string): Promise<string | null> {
    try {
      return await hashOf((await this.#files.read(path)).content);
    } catch (error) {
      if (error instanceof CommandError && error.reason === "ENOENT") return null;
      throw error;
    }
  }
}

async function hashOf(content: Uint8Array): Promise<string> {
  const bytes = content as Uint8Array<ArrayBuffer>;
  return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex().slice(0, 32);
}
