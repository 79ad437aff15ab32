/** A runtime that every scenario is run in. */
export type RuntimeName = "docker" | "deno";
/** A way to the server that every scenario is run over. */
export type TransportName = "websocket" | "http";

/** One call. In params and expectations `$name` and `${name}` stand for what was bound before. */
export interface Call {
  readonly method: string;
  readonly params: Record<string, unknown>;
}

/** An entry of a tar archive: a file with a text, or a symlink. */
export type TarEntry =
  | { readonly name: string; readonly content: string }
  | { readonly name: string; readonly linkName: string };

/** A request of plain HTTP beside the calls, with what was bound filled in. */
export interface HttpRequest {
  readonly method: "GET" | "HEAD" | "PUT" | "DELETE";
  /** Path and query, behind the address of the server. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** A text, what was bound of another answer (`$name`), or a tar archive of these entries. */
  readonly body?: string | { readonly tar: readonly TarEntry[] };
}

/** A pattern of an {@linkcode HttpAnswer}. */
export interface ExpectedAnswer {
  readonly status: number;
  /** By names in lower case. */
  readonly headers?: Readonly<Record<string, unknown>>;
  /** The text, or the value of what is JSON. */
  readonly body?: unknown;
}

/** A pattern of a response, as `differences` of `tests/testutil/pattern.ts` takes it. */
export type Expected =
  | { readonly result: unknown }
  | { readonly error: unknown };

/** Name to the place in a response, such as `/result/result/pid`, or in an answer, such as `/bytes`. */
export type Bind = Readonly<Record<string, string>>;

/** One thing that a scenario does, and what it expects of it. */
export type Step =
  /** Calls and waits for the answer, with `anew` on a connection of its own. */
  | {
    readonly call: Call;
    readonly expect: Expected;
    readonly bind?: Bind;
    readonly anew?: boolean;
  }
  /** Sends a request of plain HTTP and waits for the answer. */
  | { readonly http: HttpRequest; readonly expect: ExpectedAnswer; readonly bind?: Bind }
  /** Calls, and leaves the answer to a later step. */
  | { readonly begin: string; readonly call: Call }
  /** Waits for the answer to what was begun under this name. */
  | { readonly answered: string; readonly expect: Expected; readonly bind?: Bind }
  /** Calls again and again until the answer is as expected. */
  | { readonly until: Call; readonly expect: Expected; readonly bind?: Bind }
  /** Sends all of it, in order, before the first answer. */
  | { readonly together: readonly Call[]; readonly expect: readonly Expected[] }
  /** Sends one JSON-RPC batch. */
  | { readonly batch: readonly Call[]; readonly expect: readonly Expected[] }
  /** Waits for a notification. */
  | { readonly notified: string; readonly params: unknown }
  /** Waits until so many processes of the sandbox have a text in their command line. */
  | { readonly running: string; readonly count: number }
  /** Reads the output of a process from sequence numbers on, over so many connections. */
  | { readonly gather: string; readonly connections: number; readonly expect: string };

/** Steps in place of a scenario's own, where a runtime or a transport cannot do what they ask for. */
export interface Instead {
  /** Why it cannot, in one sentence. */
  readonly because: string;
  /** What is answered. */
  readonly steps: readonly Step[];
}

/** What a scenario needs beside an engine with the image of Python, and bubblewrap. */
export type Need =
  /** An image of the engine. */
  | { readonly image: string }
  /** Control groups for Deno sessions. */
  | { readonly cgroups: true };

/** Steps and what is expected of them: all there is to a scenario. */
export interface Scenario {
  readonly name: string;
  /**
   * More params of `session.create`, for a session of the scenario's own. Without them the scenario
   * shares one with others, and ends all that it started.
   */
  readonly session?: Record<string, unknown>;
  readonly steps: readonly Step[];
  /** What holds where the steps do not. */
  readonly instead?: Partial<Record<RuntimeName | TransportName, Instead>>;
  readonly needs?: Partial<Record<RuntimeName, Need>>;
}

const CHOICE = "$runtime";

/** A value that is another one in each runtime, such as code in its language. */
export function by<T>(values: Record<RuntimeName, T>): T {
  return { [CHOICE]: values } as T;
}

/** Fills in the values of a runtime. */
export function chosen<T>(value: T, runtime: RuntimeName): T {
  if (value === null || typeof value !== "object") return value;
  if (Array.isArray(value)) return value.map((entry) => chosen(entry, runtime)) as T;
  const choice = (value as Record<string, unknown>)[CHOICE] as Record<RuntimeName, T> | undefined;
  if (choice !== undefined) return chosen(choice[runtime], runtime);
  const entries = Object.entries(value).map(([key, entry]) => [key, chosen(entry, runtime)]);
  return Object.fromEntries(entries) as T;
}
