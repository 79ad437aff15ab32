import type { FileFacts } from "./protocol.ts";

/** What is known of a file by what the system says of it. */
export function factsOf(info: Deno.FileInfo): FileFacts {
  const { size } = info;
  const modifiedAt = info.mtime?.getTime() ?? 0;
  const version = [info.ino ?? 0, size, modifiedAt].map((part) => part.toString(36)).join("-");
  return { size, mode: (info.mode ?? 0o644) & 0o777, modifiedAt, version };
}
