import { CATALOG, type CatalogEntry } from "./catalog.ts";
import { decodeText, type GivenValue, quoteValue } from "./given_value.ts";
import { nearest } from "./nearest.ts";

/** What the command line says. */
export interface FlagsRead {
  /** Whether `--help` or `-h` is there. */
  help: boolean;
  /** Whether `--version` or `-V` is there. */
  version: boolean;
  /** The file after `--config`. */
  configFile: string | undefined;
  /** The settings given, in their order; a list given twice is one value. */
  given: GivenValue[];
  /** A sentence for each argument that means nothing. */
  problems: string[];
}

const BY_FLAG: ReadonlyMap<string, CatalogEntry> = new Map(
  CATALOG.flatMap((entry) => entry.flag === undefined ? [] : [[entry.flag, entry] as const]),
);
const KNOWN = [...BY_FLAG.keys(), "--config", "--help", "--version"];
const SECRET_FLAGS = /^--api-?keys?$/i;

/** Reads the arguments of the program. A lone `--` is skipped: `deno task` passes it on. */
export function readFlags(args: readonly string[]): FlagsRead {
  const read: FlagsRead = {
    help: false,
    version: false,
    configFile: undefined,
    given: [],
    problems: [],
  };
  const rest = args.filter((arg) => arg !== "--");
  while (rest.length > 0) readFlag(read, rest);
  return read;
}

/** Takes one flag, and the value after it, off the front of `rest`. */
function readFlag(read: FlagsRead, rest: string[]): void {
  const arg = rest.shift() ?? "";
  if (arg === "--help" || arg === "-h") return void (read.help = true);
  if (arg === "--version" || arg === "-V") return void (read.version = true);
  const equals = arg.startsWith("--") ? arg.indexOf("=") : -1;
  const flag = equals === -1 ? arg : arg.slice(0, equals);
  const inline = equals === -1 ? undefined : arg.slice(equals + 1);
  if (flag === "--config") {
    const file = inline ?? takeValue(rest);
    if (file === undefined || file === "") {
      read.problems.push("Cannot use --config: it needs a file");
    } else read.configFile = file;
    return;
  }
  const entry = BY_FLAG.get(flag);
  if (entry !== undefined) return readSetting(read, entry, inline, rest);
  const negated = flag.startsWith("--no-") ? BY_FLAG.get(`--${flag.slice(5)}`) : undefined;
  if (negated !== undefined && isSwitch(negated) && inline === undefined) {
    return add(read, negated, flag, false);
  }
  // What follows an unknown flag may be a secret, so it is skipped and never repeated.
  if (inline === undefined && flag.startsWith("-")) takeValue(rest);
  read.problems.push(describeUnknown(flag));
}

function readSetting(
  read: FlagsRead,
  entry: CatalogEntry,
  inline: string | undefined,
  rest: string[],
): void {
  const flag = entry.flag ?? "";
  if (inline === undefined && entry.kind === "boolean") {
    return add(read, entry, flag, true);
  }
  const text = inline ?? takeValue(rest);
  if (text !== undefined) {
    return add(read, entry, flag, decodeText(entry.kind, text));
  }
  if (entry.kind === "grant") return add(read, entry, flag, true);
  read.problems.push(
    `Cannot set ${flag}: it needs a value, expected ${entry.expected}`,
  );
}

function add(read: FlagsRead, { key, kind }: CatalogEntry, origin: string, value: unknown): void {
  const before = read.given.findIndex((given) => given.key === key);
  const previous = read.given[before]?.value;
  if (before !== -1) read.given.splice(before, 1);
  const joins = (kind === "list" || kind === "grant") &&
    Array.isArray(previous) &&
    Array.isArray(value);
  read.given.push({ key, value: joins ? [...previous, ...value] : value, origin, source: "flag" });
}

/** Takes the next argument as a value unless it is a flag itself. */
function takeValue(rest: string[]): string | undefined {
  return rest[0] === undefined || rest[0].startsWith("--") ? undefined : rest.shift();
}

function isSwitch({ kind }: CatalogEntry): boolean {
  return kind === "boolean" || kind === "grant";
}

function describeUnknown(flag: string): string {
  if (SECRET_FLAGS.test(flag)) {
    return `Cannot use ${flag}: other users of the machine can read a command line; ` +
      "set CODEBEAKER_API_KEYS or name a file of hashed keys with --api-keys-file";
  }
  if (!flag.startsWith("-")) {
    return `Cannot use argument ${quoteValue(flag)}: expected a flag such as --port`;
  }
  return `Cannot use flag ${quoteValue(flag)}: there is none of that name, the nearest is ${
    nearest(flag, KNOWN)
  }`;
}
