import { nearest } from "../../src/config/nearest.ts";
import { LANGUAGE_IMAGES, type LanguageImage } from "./language_images.ts";

/** Finds images by languages, aliases or folders; no name stands for all. Each comes once, in the table's order. */
export function chooseImages(names: readonly string[]): readonly LanguageImage[] {
  if (names.length === 0) return LANGUAGE_IMAGES;
  const chosen = new Set(names.map(findImage));
  return LANGUAGE_IMAGES.filter((image) => chosen.has(image));
}

function findImage(name: string): LanguageImage {
  const wanted = name.toLowerCase();
  const found = LANGUAGE_IMAGES.find(({ aliases }) => aliases.includes(wanted));
  if (found !== undefined) return found;
  const known = LANGUAGE_IMAGES.flatMap(({ aliases }) => aliases);
  throw new RangeError(
    `Cannot build an image for "${name}": there is no such language, did you mean ` +
      `"${nearest(wanted, known)}"? --list shows all`,
  );
}
