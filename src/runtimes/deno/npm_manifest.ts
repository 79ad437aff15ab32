/** A package by its name, and what version of it is wanted. */
export interface WantedPackage {
  readonly name: string;
  /** A version, a range or a tag. */
  readonly version: string;
}

/** Reads `zod`, `npm:zod@4` or `@scope/name@^1`, which must be valid already. */
export function parsePackage(text: string): WantedPackage {
  const bare = text.startsWith("npm:") ? text.slice("npm:".length) : text;
  const at = bare.indexOf("@", 1);
  return at === -1
    ? { name: bare, version: "latest" }
    : { name: bare.slice(0, at), version: bare.slice(at + 1) };
}

/** What has been installed in a session, so that the next installation keeps it. */
export class NpmManifest {
  readonly #wanted: ReadonlyMap<string, string>;
  /** What Deno has noted of the versions that it chose. */
  readonly lock: string | undefined;

  /** Lists what is wanted. */
  constructor(wanted: ReadonlyMap<string, string> = new Map(), lock?: string) {
    this.#wanted = wanted;
    this.lock = lock;
  }

  /** The names that were asked for, not those that these depend on. */
  get names(): string[] {
    return [...this.#wanted.keys()];
  }

  /** This and more; what is named again takes the version that is asked for last. */
  with(packages: readonly string[]): NpmManifest {
    const wanted = new Map(this.#wanted);
    for (const { name, version } of packages.map(parsePackage)) wanted.set(name, version);
    return new NpmManifest(wanted, this.lock);
  }

  /** The same packages with other notes. */
  withLock(lock: string | undefined): NpmManifest {
    return new NpmManifest(this.#wanted, lock);
  }

  /** The text of a `package.json`. */
  toJson(): string {
    return JSON.stringify({ private: true, dependencies: Object.fromEntries(this.#wanted) });
  }
}
