import type { Entry } from "../../protocol/commands.ts";

/**
 * What `stat -c` is to write of each entry. Names have no slash, so a slash after a newline begins the
 * next entry whatever the names are. The fraction of a second is only in `%y`, and not in every `stat`.
 */
export const ENTRY_FORMAT = "/%f/%s/%Y/%y/%n";

const RECORD_REGEXP = /^([0-9a-f]+)\/(\d+)\/(-?\d+)\/([^/]*)\/(.*)$/s;
const TYPES: Readonly<Record<number, Entry["type"]>> = {
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
};
const TYPE_BITS = 0o170000;

/** Reads what `stat -c` wrote, one entry a record; `base` is the directory that they are in. */
export function parseEntries(text: string, base: string): Entry[] {
  if (text === "") return [];
  return text.slice(1).replace(/\n$/, "").split("\n/").map((record) => {
    const match = RECORD_REGEXP.exec(record);
    if (match === null) throw new Error(`Cannot read the entry ${JSON.stringify(record)}`);
    const [, mode = "", size, seconds, time = "", name = ""] = match;
    return {
      name,
      path: `${base}/${name}`,
      type: TYPES[parseInt(mode, 16) & TYPE_BITS] ?? "other",
      size: Number(size),
      modifiedAt: modifiedAt(Number(seconds), time),
    };
  });
}

function modifiedAt(seconds: number, time: string): string {
  const milliseconds = Number(/:\d\d\.(\d{3})/.exec(time)?.[1] ?? 0);
  return new Date(seconds * 1000 + milliseconds).toISOString();
}
