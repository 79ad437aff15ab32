import { InvalidParamsError, SandboxError } from "../../errors.ts";
import { type Language, languageDefinition, LANGUAGES } from "../../languages.ts";
import type { MakingProgress } from "../runtime.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { imageInspect } from "./engine/image_inspect.ts";
import { imagePull } from "./engine/image_pull.ts";
import { isImageName, matchesImage, withTag } from "./image_name.ts";

/** What has to be known of an image to run code in it. */
export interface ImageFacts {
  /** The id, which changes when the image is built anew. */
  readonly id: string;
  /** The name it was asked for by. */
  readonly name: string;
  readonly architecture: string;
  /** Its environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Whether it has the sandbox's user with a home and a workspace, as our own images do. */
  readonly prepared: boolean;
}

/** Told how a pull goes on. */
export type PullListener = (progress: MakingProgress) => void;

/** Settings of {@linkcode Images}. */
export interface ImagesSettings {
  readonly allowed: readonly string[];
  readonly languageImages: ReadonlyMap<Language, string>;
  readonly pull: "never" | "missing";
}

/** Milliseconds for which an image is taken to be what it was. */
const HOLDS_MS = 10_000;
const LANGUAGE_LABEL = "codebeaker.language";

interface Known {
  readonly facts: Promise<ImageFacts>;
  readonly until: number;
}

/** The images of an engine: which may be used, and what is in them. */
export class Images {
  readonly #engine: EngineClient;
  readonly #settings: ImagesSettings;
  readonly #known = new Map<string, Known>();
  readonly #pulls = new Map<string, Promise<void>>();

  /** Asks that engine. */
  constructor(engine: EngineClient, settings: ImagesSettings) {
    this.#engine = engine;
    this.#settings = settings;
  }

  /** The image of a language's sessions. */
  ofLanguage(language: Language): string {
    return this.#settings.languageImages.get(language) ?? languageDefinition(language).image;
  }

  /**
   * The name of the image that a session gets. Throws `InvalidParamsError` for one that its client may
   * not name.
   */
  choose(language: Language, asked: string | undefined): string {
    if (asked === undefined) return this.ofLanguage(language);
    if (!isImageName(asked)) throw refused(`Expected the name of an image, got "${asked}"`);
    const { allowed } = this.#settings;
    const own = LANGUAGES.some((name) => withTag(this.ofLanguage(name)) === withTag(asked));
    if (own || matchesImage(asked, allowed)) return asked;
    const list = allowed.length === 0 ? "none" : allowed.join(", ");
    throw refused(
      `Image "${asked}" is not allowed here, allowed are ${list}; the operator of the server can ` +
        "allow it with --docker-images",
    );
  }

  /**
   * Looks at an image, and pulls it if it is missing and may be. Throws a `SandboxError` of code
   * `runtime_unavailable` that says how to get it.
   */
  async find(
    name: string,
    language: Language,
    options: { signal?: AbortSignal | undefined; onPull?: PullListener | undefined } = {},
  ): Promise<ImageFacts> {
    const now = performance.now();
    const known = this.#known.get(name);
    if (known !== undefined && known.until > now) return await known.facts;
    const facts = this.#look(name, language, options);
    this.#known.set(name, { facts, until: now + HOLDS_MS });
    try {
      return await facts;
    } catch (error) {
      this.#known.delete(name);
      throw error;
    }
  }

  /** Whether the engine has an image now. */
  async has(name: string): Promise<boolean> {
    try {
      await imageInspect(this.#engine, name);
      return true;
    } catch (error) {
      if (isEngineError(error, "not_found")) return false;
      throw error;
    }
  }

  /** Forgets what is known, as another engine may answer from now on. */
  forget(): void {
    this.#known.clear();
  }

  async #look(
    name: string,
    language: Language,
    options: { signal?: AbortSignal | undefined; onPull?: PullListener | undefined },
  ): Promise<ImageFacts> {
    try {
      return await this.#inspect(name);
    } catch (error) {
      if (!isEngineError(error, "not_found")) throw error;
      if (this.#settings.pull === "never") throw this.#missing(name, language, error);
    }
    await this.#pull(name, options.onPull);
    return await this.#inspect(name);
  }

  async #inspect(name: string): Promise<ImageFacts> {
    const { Id, Architecture, Config } = await imageInspect(this.#engine, name);
    return {
      id: Id,
      name,
      architecture: Architecture,
      env: Object.fromEntries((Config?.Env ?? []).map(splitVariable)),
      prepared: Config?.Labels?.[LANGUAGE_LABEL] !== undefined,
    };
  }

  /** One pull serves all who wait for it, and goes on when one of them is gone. */
  async #pull(name: string, onPull: PullListener | undefined): Promise<void> {
    let pull = this.#pulls.get(name);
    if (pull === undefined) {
      pull = this.#runPull(name, onPull).finally(() => this.#pulls.delete(name));
      this.#pulls.set(name, pull);
    }
    await pull;
  }

  async #runPull(name: string, onPull: PullListener | undefined): Promise<void> {
    try {
      for await (const event of await imagePull(this.#engine, withTag(name))) {
        onPull?.({
          image: name,
          status: event.status ?? "",
          layer: event.id,
          current: event.progressDetail?.current,
          total: event.progressDetail?.total,
        });
      }
    } catch (error) {
      throw new SandboxError(
        "runtime_unavailable",
        `Cannot pull image "${name}": the Docker engine refused it, see the server's log`,
        { cause: error, data: { runtime: "docker", image: name } },
      );
    }
  }

  #missing(name: string, language: Language, cause: unknown): SandboxError {
    const own = buildName(withTag(name), language);
    const how = own !== undefined
      ? `build it with "deno task images ${own}"`
      : `build it or pull it ("docker pull ${name}"), or let the server pull with ` +
        "--docker-pull missing";
    return new SandboxError(
      "runtime_unavailable",
      `Cannot create a "${language}" session: the Docker engine has no image "${name}": ${how}`,
      { cause, data: { runtime: "docker", image: name } },
    );
  }
}

/** What `deno task images` takes for an image of ours; undefined for another's. */
function buildName(image: string, language: Language): string | undefined {
  const { image: own, variants = [] } = languageDefinition(language);
  if (image === own) return language;
  return variants.includes(image) ? image.replace(/^codebeaker-(.+):latest$/, "$1") : undefined;
}

function refused(message: string): InvalidParamsError {
  return new InvalidParamsError([{ path: ["dockerImage"], message }]);
}

function splitVariable(text: string): [string, string] {
  const at = text.indexOf("=");
  return at === -1 ? [text, ""] : [text.slice(0, at), text.slice(at + 1)];
}
