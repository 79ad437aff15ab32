import type { Entry } from "../../protocol/commands.ts";
import type { ScannedEntry } from "../file_transfer.ts";

/**
 * What `stat -c` is to write of each entry. Names have no slash, so a slash after a newline begins the
 * next entry whatever the names are. The fraction of a second is only in `%y`, and not in every `stat`.
 */
export const ENTRY_FORMAT = "/%f/%s/%Y/%y/%n";

/** Lines of a shell script that write the entries that its arguments name, some hundred at a time. */
export const STAT_ENTRIES = `have=0
while [ "$#" -gt 0 ]; do
  n=$#
  [ "$n" -le 400 ] || n=400
  if [ "$n" != "$have" ]; then
    names= have=$n i=1
    while [ "$i" -le "$n" ]; do
      names="$names \\"\\\${$i}\\""
      i=$((i + 1))
    done
  fi
  # Patterns that nothing matched, and names that are gone, are complained about and left out.
  eval "stat -c '${ENTRY_FORMAT}' -- $names" 2>/dev/null
  shift "$n"
done`;

const RECORD_REGEXP = /^([0-9a-f]+)\/(\d+)\/(-?\d+)\/([^/]*)\/(.*)$/s;
const TYPES: Readonly<Record<number, Entry["type"]>> = {
  0o100000: "file",
  0o040000: "directory",
  0o120000: "symlink",
};
const TYPE_BITS = 0o170000;

/** Reads what `stat -c` wrote, one entry a record; `base` is the directory that they are in. */
export function parseEntries(text: string, base: string): Entry[] {
  return parseRecords(text).map(({ name, mode, size, time }) => ({
    name,
    path: `${base}/${name}`,
    type: typeOf(mode),
    size,
    modifiedAt: time.toISOString(),
  }));
}

/** Reads the same, with permissions and times as archives have them. */
export function parseModes(text: string): ScannedEntry[] {
  return parseRecords(text).map(({ name, mode, time }) => ({
    name,
    type: typeOf(mode),
    mode: mode & 0o777,
    modifiedAt: time.getTime(),
  }));
}

interface StatRecord {
  readonly name: string;
  /** Type and permissions. */
  readonly mode: number;
  readonly size: number;
  readonly time: Date;
}

function parseRecords(text: string): StatRecord[] {
  if (text === "") return [];
  return text.slice(1).replace(/\n$/, "").split("\n/").map((record) => {
    const match = RECORD_REGEXP.exec(record);
    if (match === null) throw new Error(`Cannot read the entry ${JSON.stringify(record)}`);
    const [, mode = "", size, seconds, time = "", name = ""] = match;
    return {
      name,
      mode: parseInt(mode, 16),
      size: Number(size),
      time: modifiedAt(Number(seconds), time),
    };
  });
}

function typeOf(mode: number): Entry["type"] {
  return TYPES[mode & TYPE_BITS] ?? "other";
}

function modifiedAt(seconds: number, time: string): Date {
  const milliseconds = Number(/:\d\d\.(\d{3})/.exec(time)?.[1] ?? 0);
  return new Date(seconds * 1000 + milliseconds);
}
