import { LANGUAGE_DEFINITIONS } from "../../src/languages.ts";

/** An image that languages run in. */
export interface LanguageImage {
  /** The folder of `runtimes/` that describes it, such as `nodejs`. */
  readonly folder: string;
  /** Its name with its tag, such as `codebeaker-nodejs:latest`. */
  readonly name: string;
  /** The languages that run in it, such as `javascript` and `typescript`. */
  readonly languages: readonly string[];
  /** All that it can be asked for by: its folder, its languages and their aliases. */
  readonly aliases: readonly string[];
}

/** Every image of the table of languages, in its order. */
export const LANGUAGE_IMAGES: readonly LanguageImage[] = collect();

function collect(): LanguageImage[] {
  const byName = Map.groupBy(Object.entries(LANGUAGE_DEFINITIONS), ([, { image }]) => image);
  return [...byName].map(([name, entries]) => {
    const folder = name.replace(/^codebeaker-(.+):latest$/, "$1");
    const languages = entries.map(([language]) => language);
    const aliases = entries.flatMap(([, definition]) => definition.aliases);
    return {
      folder,
      name,
      languages,
      aliases: [...new Set([folder, ...languages, ...aliases])],
    };
  });
}
