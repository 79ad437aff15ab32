import { LANGUAGE_DEFINITIONS, type LanguageDefinition } from "../../src/languages.ts";

/** An image that languages run in. */
export interface LanguageImage {
  /** The folder of `runtimes/` that describes it, such as `nodejs`. */
  readonly folder: string;
  /** Its name with its tag, such as `codebeaker-nodejs:latest`. */
  readonly name: string;
  /** The languages that run in it unless told otherwise, such as `javascript` and `typescript`. */
  readonly languages: readonly string[];
  /** All that it can be asked for by: its folder, its languages and their aliases. */
  readonly aliases: readonly string[];
}

/** Every image of the table of languages, in its order; those that are nobody's default come last. */
export const LANGUAGE_IMAGES: readonly LanguageImage[] = collect();

function collect(): LanguageImage[] {
  const definitions: [string, LanguageDefinition][] = Object.entries(LANGUAGE_DEFINITIONS);
  const byName = Map.groupBy(definitions, ([, { image }]) => image);
  const defaults = [...byName].map(([name, entries]) => {
    const folder = folderOf(name);
    const languages = entries.map(([language]) => language);
    const aliases = entries.flatMap(([, definition]) => definition.aliases);
    return { folder, name, languages, aliases: [...new Set([folder, ...languages, ...aliases])] };
  });
  const variants = new Set(definitions.flatMap(([, { variants = [] }]) => variants));
  return [...defaults, ...[...variants].map(variant)];
}

function variant(name: string): LanguageImage {
  const folder = folderOf(name);
  return { folder, name, languages: [], aliases: [folder] };
}

function folderOf(image: string): string {
  return image.replace(/^codebeaker-(.+):latest$/, "$1");
}
