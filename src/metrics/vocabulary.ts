/**
 * Every value that a label may have, so that no client can make series. What is not among them is
 * counted as {@linkcode UNKNOWN}.
 */
export interface Vocabulary {
  readonly runtimes: Iterable<string>;
  readonly languages: Iterable<string>;
  /** Where sessions stand. */
  readonly states: Iterable<string>;
  /** Why sessions cannot be created. */
  readonly createFailures: Iterable<string>;
  /** Why sessions are closed. */
  readonly closeReasons: Iterable<string>;
  /** Types of commands. */
  readonly commands: Iterable<string>;
  /** How executions end. */
  readonly statuses: Iterable<string>;
  /** Limits that strike. */
  readonly limits: Iterable<string>;
  /** Methods of the contract. */
  readonly methods: Iterable<string>;
  /** Why JSON-RPC requests fail; `ok` is always one. */
  readonly failures: Iterable<string>;
  /** Names of pools. */
  readonly pools: Iterable<string>;
  /** Why calls to the Docker engine fail; `ok` is always one. */
  readonly engineFailures: Iterable<string>;
  /** Codes that WebSocket connections are closed with. */
  readonly closeCodes: Iterable<string>;
  /** Paths of HTTP endpoints; `/*` at the end stands for everything under it. */
  readonly endpoints: Iterable<string>;
}

/** What a call that did what it was asked to counts as. */
export const OK = "ok";

/** What every other value counts as. */
export const UNKNOWN = "unknown";

/** Returns a word that is known as it is, and {@linkcode UNKNOWN} for anything else. */
export type Bound = (word: string) => string;

/** Makes a {@linkcode Bound} of some words. */
export function boundTo(words: Iterable<string>): Bound {
  const known = new Set(words);
  return (word) => known.has(word) ? word : UNKNOWN;
}

/** Makes a {@linkcode Bound} of the first words that come, for words that only our own code gives. */
export function boundToFirst(count: number): Bound {
  const known = new Set<string>();
  return (word) => {
    if (known.size < count) known.add(word);
    return known.has(word) ? word : UNKNOWN;
  };
}

/** Makes a {@linkcode Bound} of paths, some of which end with `/*`. */
export function boundToPaths(paths: Iterable<string>): Bound {
  const known = new Set(paths);
  const trees = [...known].filter((path) => path.endsWith("/*"));
  return (path) =>
    known.has(path) ? path : trees.find((tree) => path.startsWith(tree.slice(0, -1))) ?? UNKNOWN;
}

/** One {@linkcode Bound} for each kind of label. */
export type LabelBounds = Readonly<Record<keyof Vocabulary, Bound>>;

/** Makes the bounds of a vocabulary. */
export function labelBounds(vocabulary: Vocabulary): LabelBounds {
  const { failures, engineFailures, endpoints } = vocabulary;
  const plain = Object.entries(vocabulary).map(([kind, words]) => [kind, boundTo(words)] as const);
  return {
    ...Object.fromEntries(plain) as Record<keyof Vocabulary, Bound>,
    failures: boundTo([OK, ...failures]),
    engineFailures: boundTo([OK, ...engineFailures]),
    endpoints: boundToPaths(endpoints),
  };
}
