/** The name of every caller on a server without keys. */
export const ANONYMOUS = "anonymous";
/** The longest key that is looked at, in characters. */
export const MAX_KEY_LENGTH = 512;

const MIN_KEY_LENGTH = 16;
const MAX_FILE_LENGTH = 2 ** 20;
const NAME = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$/;
/** What an `Authorization: Bearer` header can carry: `=` only at the end. */
const KEY = /^[A-Za-z0-9._~+/-]+=*$/;
const HASH = /^sha256:([0-9a-f]{64})$/i;

/** The hash of a key with the name of its caller. */
export interface StoredKey {
  /** The caller's id. */
  readonly caller: string;
  /** SHA-256 of the key. */
  readonly hash: Uint8Array;
}

/** What a source of keys holds. */
export interface ParsedKeys {
  /** The keys without anything wrong. */
  readonly keys: StoredKey[];
  /** A sentence for each of the others, never with a key in it. */
  readonly problems: string[];
}

/** Hashes a key. */
export async function hashKey(key: string): Promise<Uint8Array> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", new TextEncoder().encode(key)));
}

/** Writes bytes as hex digits. */
export function encodeHex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

/** Reads keys as the configuration has them, each `KEY` or `NAME=KEY`. */
export async function parseKeyEntries(entries: readonly string[]): Promise<ParsedKeys> {
  const parsed: ParsedKeys = { keys: [], problems: [] };
  for (const [index, entry] of entries.entries()) {
    const { name, key } = splitEntry(entry);
    const problem = describeProblem(name, key);
    if (problem !== undefined) {
      parsed.problems.push(
        `Cannot use entry ${
          index + 1
        } of the API keys (CODEBEAKER_API_KEYS or apiKeys): ${problem}`,
      );
      continue;
    }
    const hash = await hashKey(key);
    parsed.keys.push({ caller: name ?? derivedName(hash), hash });
  }
  return parsed;
}

/** Reads a file of hashed keys: lines `NAME sha256:HEX` or `sha256:HEX`, comments after `#`. */
export function parseKeyFile(file: string, text: string): ParsedKeys {
  const parsed: ParsedKeys = { keys: [], problems: [] };
  if (text.length > MAX_FILE_LENGTH) {
    parsed.problems.push(
      `Cannot use API key file "${file}": it is longer than ${MAX_FILE_LENGTH} characters`,
    );
    return parsed;
  }
  for (const [index, line] of text.replace(/^\uFEFF/, "").split(/\r?\n/).entries()) {
    const words = line.replace(/(^|\s)#.*$/, "").trim().split(/\s+/).filter((word) => word !== "");
    if (words.length === 0) continue;
    const hex = HASH.exec(words.at(-1) ?? "")?.[1];
    const name = words.length === 1 ? undefined : words[0];
    const problem = hex === undefined || words.length > 2
      ? "expected NAME sha256:HEX, with the 64 hex digits of the key's SHA-256"
      : describeNameProblem(name);
    if (hex === undefined || problem !== undefined) {
      parsed.problems.push(
        `Cannot use line ${index + 1} of API key file "${file}": ${problem}`,
      );
      continue;
    }
    const hash = Uint8Array.from(hex.match(/../g) ?? [], (byte) => parseInt(byte, 16));
    parsed.keys.push({ caller: name ?? derivedName(hash), hash });
  }
  return parsed;
}

/** A name stands before `=`, unless all that follows is the padding of a base64 key. */
function splitEntry(entry: string): { name: string | undefined; key: string } {
  const equals = entry.indexOf("=");
  const key = entry.slice(equals + 1);
  if (equals === -1 || /^=*$/.test(key)) return { name: undefined, key: entry };
  return { name: entry.slice(0, equals), key };
}

function describeProblem(name: string | undefined, key: string): string | undefined {
  if (key.length < MIN_KEY_LENGTH) {
    return `the key is shorter than ${MIN_KEY_LENGTH} characters, make one with "openssl rand -hex 32"`;
  }
  if (key.length > MAX_KEY_LENGTH) {
    return `the key is longer than ${MAX_KEY_LENGTH} characters`;
  }
  if (!KEY.test(key)) {
    return "expected a key of letters, digits and . _ ~ + / - with = only at its end";
  }
  return describeNameProblem(name);
}

function describeNameProblem(name: string | undefined): string | undefined {
  // The name is not repeated: in a file of plain keys by mistake, it is a key.
  if (name !== undefined && !NAME.test(name)) {
    return "expected a name of at most 64 letters, digits, dots, dashes and underscores";
  }
  return name === ANONYMOUS
    ? `the name "${ANONYMOUS}" stands for callers without a key`
    : undefined;
}

/** Names a key without a name: too little of its hash to test guesses of a random key against. */
function derivedName(hash: Uint8Array): string {
  return `key-${encodeHex(hash.subarray(0, 6))}`;
}
