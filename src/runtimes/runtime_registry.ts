import { InvalidParamsError, SandboxError } from "../errors.ts";
import type { Language, RuntimeName } from "../protocol/language.ts";
import type { Runtime, RuntimeStatus } from "./runtime.ts";

/** What a session says of the runtime it wants. */
export interface RuntimeChoice {
  readonly language: Language;
  /** The runtime to use; there is no other way to get one that is weaker than the language's default. */
  readonly runtime?: RuntimeName | undefined;
  /** What matters most, among the runtimes that can serve the language. */
  readonly runtimePreference?: RuntimePreference | undefined;
}

/** How a language is served. */
export interface LanguageOffer {
  /** Runtimes that can serve it now, its default first. */
  readonly runtimes: RuntimeName[];
  /** The image of its container sessions. */
  readonly image: string | undefined;
  /** The version of what runs its code, where it is known. */
  readonly version: string | undefined;
}

/** What a client cares for most. */
export type RuntimePreference = "Speed" | "Security" | "Memory" | "Balanced";

/** The runtime of each language if nobody says otherwise. */
function defaultRuntime(language: Language): RuntimeName {
  return language === "deno" || language === "typescript" ? "deno" : "docker";
}

/** Why a runtime is not there that a server can do without. */
const TURNED_OFF: Record<RuntimeName, string> = {
  docker: "it is turned off (--docker off)",
  deno: "it is turned off",
};

/** For how long the word of a runtime holds, and how long it may take. */
const STATUS_HOLDS_MS = 2000;
const STATUS_TIMEOUT_MS = 5000;

/** Options of {@linkcode RuntimeRegistry}. */
export interface RuntimeRegistryOptions {
  /** Milliseconds of any steady clock. @default {performance.now} */
  readonly now?: () => number;
}

interface KnownStatus {
  readonly status: Promise<RuntimeStatus>;
  readonly until: number;
}

/** The runtimes of a server, and which one serves what. */
export class RuntimeRegistry {
  readonly #runtimes: ReadonlyMap<RuntimeName, Runtime>;
  readonly #known = new Map<RuntimeName, KnownStatus>();
  readonly #now: () => number;

  /** Takes the runtimes, which stay the caller's to dispose. */
  constructor(runtimes: readonly Runtime[], options: RuntimeRegistryOptions = {}) {
    const { now = () => performance.now() } = options;
    this.#runtimes = new Map(runtimes.map((runtime) => [runtime.name, runtime]));
    this.#now = now;
  }

  /**
   * Chooses the runtime of a new session: the one asked for, else the one preferred if it can serve the
   * language now, else the language's default, which nothing stands in for. Throws `InvalidParamsError` if the one that is asked for does not serve
   * the language, and a `SandboxError` of code `runtime_unavailable` that says what is missing.
   */
  async choose(choice: RuntimeChoice): Promise<Runtime> {
    const { language } = choice;
    const name = choice.runtime ?? await this.#preferred(choice) ?? defaultRuntime(language);
    const runtime = this.#runtimes.get(name);
    if (runtime === undefined) throw unavailable(language, name, TURNED_OFF[name]);
    if (!runtime.languages.has(language)) {
      const known = [...runtime.languages].join(", ");
      const message = `The ${name} runtime does not serve ${language}, it serves ${known}`;
      throw new InvalidParamsError([{ path: ["runtime"], message }]);
    }
    const { available, reason } = await this.#status(runtime);
    if (!available) throw unavailable(language, name, reason ?? "it does not say why");
    return runtime;
  }

  /** What every runtime says of itself; those that are turned off say so. */
  async statuses(): Promise<RuntimeStatus[]> {
    const names = Object.keys(TURNED_OFF) as RuntimeName[];
    return await Promise.all(names.map((name) => {
      const runtime = this.#runtimes.get(name);
      return runtime === undefined ? absent(name, TURNED_OFF[name]) : this.#status(runtime);
    }));
  }

  /** How a language is served now: by which runtimes, its default first, and with what. */
  async support(language: Language): Promise<LanguageOffer> {
    const first = defaultRuntime(language);
    const runtimes = [...this.#runtimes.values()]
      .filter(({ languages }) => languages.has(language))
      .sort((a, b) => Number(b.name === first) - Number(a.name === first));
    const found = await Promise.all(runtimes.map(async (runtime) => ({
      name: runtime.name,
      available: (await this.#status(runtime)).available,
      ...await runtime.support(language),
    })));
    return {
      runtimes: found.filter(({ available, ready }) => available && ready).map(({ name }) => name),
      image: found.find(({ image }) => image !== undefined)?.image,
      version: found.find(({ ready, version }) => ready && version !== undefined)?.version,
    };
  }

  /** A preference may choose a stronger runtime than the default where there is one, never a weaker one. */
  async #preferred(choice: RuntimeChoice): Promise<RuntimeName | undefined> {
    if (choice.runtimePreference !== "Security") return undefined;
    const docker = this.#runtimes.get("docker");
    if (!docker?.languages.has(choice.language)) return undefined;
    return (await this.#status(docker)).available ? "docker" : undefined;
  }

  #status(runtime: Runtime): Promise<RuntimeStatus> {
    const now = this.#now();
    const known = this.#known.get(runtime.name);
    if (known !== undefined && known.until > now) return known.status;
    const status = askStatus(runtime);
    this.#known.set(runtime.name, { status, until: now + STATUS_HOLDS_MS });
    return status;
  }
}

/** Asks a runtime what it is; one that fails or does not answer is unavailable. */
async function askStatus(runtime: Runtime): Promise<RuntimeStatus> {
  const { promise: late, resolve } = Promise.withResolvers<RuntimeStatus>();
  const timer = setTimeout(
    () => resolve(absent(runtime.name, `it did not answer within ${STATUS_TIMEOUT_MS} ms`)),
    STATUS_TIMEOUT_MS,
  );
  try {
    return await Promise.race([runtime.status(), late]);
  } catch {
    // What it threw is not written for clients.
    return absent(runtime.name, "it cannot tell its state, see the server's log");
  } finally {
    clearTimeout(timer);
  }
}

function unavailable(language: Language, runtime: RuntimeName, why: string): SandboxError {
  return new SandboxError(
    "runtime_unavailable",
    `Cannot create a "${language}" session: the ${runtime} runtime is not available: ${why}`,
    { data: { runtime, language } },
  );
}

function absent(name: RuntimeName, why: string): RuntimeStatus {
  const reason = `The ${name} runtime is not available: ${why}`;
  return { name, available: false, reason, isolation: [], limits: {}, details: {} };
}
