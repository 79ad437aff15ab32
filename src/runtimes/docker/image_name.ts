/** Whether an image's name matches one of some patterns, in which `*` stands for any characters. */
export function matchesImage(image: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => {
    const source = pattern.split("*").map(escapeRegExp).join(".*");
    const regexp = new RegExp(`^${source}$`, "s");
    return regexp.test(image) || regexp.test(withTag(image));
  });
}

/** The name with the tag that the engine takes where there is none. */
export function withTag(image: string): string {
  if (image.includes("@")) return image;
  return /:[^/]*$/.test(image) ? image : `${image}:latest`;
}

const DOMAIN = /[a-zA-Z0-9](?:[a-zA-Z0-9-]*[a-zA-Z0-9])?(?:\.[a-zA-Z0-9-]+)*(?::\d{1,5})?/.source;
const COMPONENT = /[a-z0-9]+(?:(?:[._]|__|-+)[a-z0-9]+)*/.source;
const NAME_REGEXP = new RegExp(
  `^(?:${DOMAIN}/)?${COMPONENT}(?:/${COMPONENT})*(?::[\\w][\\w.-]{0,127})?(?:@[a-z0-9]+:[a-f0-9]{32,128})?$`,
);

/** What may be the name of an image: repository, tag and digest (distribution's reference grammar). */
export function isImageName(text: string): boolean {
  return text.length <= 512 && NAME_REGEXP.test(text);
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
