import { InvalidParamsError, SandboxError } from "../errors.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import type { Runtime, RuntimeStatus } from "./runtime.ts";

/** What a session says of the runtime it wants. */
export interface RuntimeChoice {
  readonly language: Language;
  /** The runtime to use; there is no other way to get one that is weaker than the language's default. */
  readonly runtime?: RuntimeName | undefined;
  /** What matters most, among the runtimes that can serve the language. */
  readonly runtimePreference?: "Speed" | "Security" | "Memory" | "Balanced" | undefined;
}

/** The runtime of each language if nobody says otherwise. */
const DEFAULT_RUNTIME: Record<Language, RuntimeName> = {
  python: "docker",
  javascript: "docker",
  typescript: "deno",
  deno: "deno",
  go: "docker",
  csharp: "docker",
};

/** Why a runtime that no build option brings is not there. */
const NOT_IN_THIS_VERSION: Record<RuntimeName, string> = {
  docker: "it is not part of this version; deno and typescript sessions work",
  deno: "it is not part of this version",
};

/** The runtimes of a server, and which one serves what. */
export class RuntimeRegistry {
  readonly #runtimes: ReadonlyMap<RuntimeName, Runtime>;

  /** Takes the runtimes, which stay the caller's to dispose. */
  constructor(runtimes: readonly Runtime[]) {
    this.#runtimes = new Map(runtimes.map((runtime) => [runtime.name, runtime]));
  }

  /**
   * Chooses the runtime of a new session. Throws `InvalidParamsError` if the one that is asked for does
   * not serve the language, and a `SandboxError` of code `runtime_unavailable` that says what is missing.
   */
  async choose(choice: RuntimeChoice): Promise<Runtime> {
    const { language } = choice;
    const name = choice.runtime ?? preferred(choice);
    const runtime = this.#runtimes.get(name);
    if (runtime === undefined) throw unavailable(language, name, NOT_IN_THIS_VERSION[name]);
    if (!runtime.languages.has(language)) {
      const known = [...runtime.languages].join(", ");
      const message = `The ${name} runtime does not serve ${language}, it serves ${known}`;
      throw new InvalidParamsError([{ path: ["runtime"], message }]);
    }
    const { available, reason } = await runtime.status();
    if (!available) throw unavailable(language, name, reason ?? "it does not say why");
    return runtime;
  }

  /** What every runtime says of itself; those that are not part of this version say so. */
  async statuses(): Promise<RuntimeStatus[]> {
    const names = Object.keys(NOT_IN_THIS_VERSION) as RuntimeName[];
    return await Promise.all(
      names.map((name) => this.#runtimes.get(name)?.status() ?? absent(name)),
    );
  }

  /** The runtimes that can serve a language now, its default first. */
  async serving(language: Language): Promise<RuntimeName[]> {
    const statuses = await this.statuses();
    return statuses
      .filter(({ name, available }) =>
        available && this.#runtimes.get(name)?.languages.has(language) === true
      )
      .map(({ name }) => name)
      .sort((a, b) =>
        Number(b === DEFAULT_RUNTIME[language]) - Number(a === DEFAULT_RUNTIME[language])
      );
  }
}

/** A preference may choose a stronger runtime than the default, never a weaker one. */
function preferred({ language, runtimePreference }: RuntimeChoice): RuntimeName {
  const fallback = DEFAULT_RUNTIME[language];
  return runtimePreference === "Security" && language !== "deno" ? "docker" : fallback;
}

function unavailable(language: Language, runtime: RuntimeName, why: string): SandboxError {
  return new SandboxError(
    "runtime_unavailable",
    `Cannot create a "${language}" session: the ${runtime} runtime is not available: ${why}`,
    { data: { runtime, language } },
  );
}

function absent(name: RuntimeName): RuntimeStatus {
  const reason = `The ${name} runtime is not available: ${NOT_IN_THIS_VERSION[name]}`;
  return { name, available: false, reason, isolation: [], limits: {}, details: {} };
}
