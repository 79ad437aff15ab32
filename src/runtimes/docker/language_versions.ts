import { type Language, languageDefinition, VERSION_REGEXP } from "../../languages.ts";
import type { Container } from "./container.ts";

const TIMEOUT_MS = 20_000;
const PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** The versions of languages, asked once of each image in a container that is not a session's yet. */
export class LanguageVersions {
  readonly #known = new Map<string, ReadonlyMap<Language, string>>();
  readonly #latest = new Map<Language, string>();

  /** The version of a language, if a container with it was started. */
  of(language: Language): string | undefined {
    return this.#latest.get(language);
  }

  /** Asks a container, unless one of the same image was asked before. */
  async learn(container: Container, languages: readonly Language[]): Promise<void> {
    const { id } = container.image;
    if (this.#known.has(id)) return;
    const versions = new Map<Language, string>();
    this.#known.set(id, versions);
    for (const language of languages) {
      const version = await askVersion(container, language);
      if (version === undefined) continue;
      versions.set(language, version);
      this.#latest.set(language, version);
    }
  }
}

async function askVersion(container: Container, language: Language): Promise<string | undefined> {
  const decoder = new TextDecoder();
  let text = "";
  try {
    const io = await container.io();
    await io.run({
      argv: languageDefinition(language).version,
      cwd: "/",
      env: { PATH, ...container.image.env },
    }, {
      output: (_, bytes) => {
        if (text.length < 2000) text += decoder.decode(bytes);
      },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
  } catch {
    // An image without the language, or a container that is gone: not known.
  }
  return VERSION_REGEXP.exec(text)?.[1];
}
