import type { TarSource } from "../../../../src/runtimes/tar/tar_writer.ts";
import { bytes } from "./streams.ts";

/** A file for an archive, with an owner, permissions and a time of its own. */
export function tarFile(name: string, content: string): TarSource {
  return { type: "file", name, content: bytes(content), mode: 0o640, uid: 7, gid: 8, mtime: 1e9 };
}
