import {
  hashKey,
  MAX_KEY_LENGTH,
  type ParsedKeys,
  parseKeyEntries,
  parseKeyFile,
  type StoredKey,
} from "./key_entry.ts";

/** Where keys come from. */
export interface ApiKeySources {
  /** Keys, each `KEY` or `NAME=KEY`. */
  readonly apiKeys: readonly string[];
  /** A file of hashed keys. */
  readonly apiKeysFile?: string | undefined;
  /** Reads that file. */
  readonly readTextFile: (path: string) => Promise<string>;
}

/** Keys that cannot be used; says for each what is wrong, never what it is. */
export class ApiKeyError extends Error {
  override readonly name = "ApiKeyError";
  /** A sentence for each. */
  readonly problems: readonly string[];

  /** Makes the error from its sentences. */
  constructor(problems: readonly string[], options?: ErrorOptions) {
    super(problems.join("; "), options);
    this.problems = problems;
  }
}

/**
 * The keys of the server, as hashes. Several keys of one name are keys of one caller, so that a key can be
 * replaced while its successor is already in use.
 */
export class ApiKeys {
  readonly #sources: ApiKeySources;
  #keys: readonly StoredKey[];

  private constructor(sources: ApiKeySources, keys: readonly StoredKey[]) {
    this.#sources = sources;
    this.#keys = keys;
  }

  /** Reads all keys. Throws {@linkcode ApiKeyError} if one of them, or the file, cannot be used. */
  static async load(sources: ApiKeySources): Promise<ApiKeys> {
    return new ApiKeys(sources, await readKeys(sources));
  }

  /** Whether callers need a key; without any, everybody is the same anonymous caller. */
  get required(): boolean {
    return this.#keys.length > 0;
  }

  /**
   * Reads the file again. Throws {@linkcode ApiKeyError} and keeps the keys it has if anything is wrong;
   * a server that asked for keys never stops asking.
   */
  async reload(): Promise<void> {
    const keys = await readKeys(this.#sources);
    if (this.required && keys.length === 0) {
      throw new ApiKeyError(["Cannot reload the API keys: there are none left"]);
    }
    this.#keys = keys;
  }

  /**
   * The id of the caller whose key this is, or undefined. Every stored hash is compared in full, so that the
   * time it takes tells nothing of the keys.
   */
  async authenticate(presented: string): Promise<string | undefined> {
    if (presented === "" || presented.length > MAX_KEY_LENGTH) return undefined;
    const hash = await hashKey(presented);
    let caller: string | undefined;
    for (const key of this.#keys) {
      if (equalsConstantTime(key.hash, hash)) caller = key.caller;
    }
    return caller;
  }
}

async function readKeys(sources: ApiKeySources): Promise<StoredKey[]> {
  const parsed = [await parseKeyEntries(sources.apiKeys)];
  if (sources.apiKeysFile !== undefined) {
    parsed.push(await readKeyFile(sources.apiKeysFile, sources.readTextFile));
  }
  const keys = parsed.flatMap((source) => source.keys);
  const problems = parsed.flatMap((source) => source.problems);
  problems.push(...describeShared(keys));
  if (problems.length > 0) throw new ApiKeyError(problems);
  return keys;
}

async function readKeyFile(
  file: string,
  readTextFile: (path: string) => Promise<string>,
): Promise<ParsedKeys> {
  try {
    const parsed = parseKeyFile(file, await readTextFile(file));
    if (parsed.keys.length === 0 && parsed.problems.length === 0) {
      parsed.problems.push(
        `Cannot use API key file "${file}": there is no key in it`,
      );
    }
    return parsed;
  } catch (error) {
    const reason = error instanceof Error ? error.name : String(error);
    return {
      keys: [],
      problems: [`Cannot read API key file "${file}": ${reason}`],
    };
  }
}

/** One key cannot stand for two callers. */
function describeShared(keys: readonly StoredKey[]): string[] {
  const callers = new Map<string, string>();
  const problems: string[] = [];
  for (const { caller, hash } of keys) {
    const id = hash.join();
    const other = callers.get(id) ?? caller;
    callers.set(id, other);
    if (other !== caller) {
      problems.push(
        `Cannot use the API key of "${caller}": it is the key of "${other}" as well`,
      );
    }
  }
  return problems;
}

function equalsConstantTime(left: Uint8Array, right: Uint8Array): boolean {
  let difference = left.length ^ right.length;
  for (let i = 0; i < left.length; i++) {
    difference |= (left[i] ?? 0) ^ (right[i] ?? 0);
  }
  return difference === 0;
}
