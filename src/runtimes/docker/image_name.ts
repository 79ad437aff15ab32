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

/** What may be the name of an image: repository, tag and digest (distribution's reference grammar). */
export function isImageName(text: string): boolean {
  return /^[a-z0-9][a-zA-Z0-9._/:-]*(?:@[a-z0-9]+:[a-f0-9]{32,128})?$/.test(text) &&
    !text.includes("//") && !text.includes("..");
}

function escapeRegExp(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|]/g, "\\$&");
}
