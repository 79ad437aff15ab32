/**
 * Tells what is left out by patterns with `*`, `?` and `**`. A pattern without a slash is for a name at
 * any depth, one with a slash for the path from the top on. The time that it takes grows with the lengths
 * alone, whatever the pattern.
 */
export function excludedBy(patterns: readonly string[]): (path: readonly string[]) => boolean {
  const names = patterns.filter((pattern) => !trimmed(pattern).includes("/")).map(trimmed);
  const paths = patterns.filter((pattern) => trimmed(pattern).includes("/"))
    .map((pattern) => trimmed(pattern).split("/").filter((part) => part !== ""));
  return (path) => {
    const last = path.at(-1) ?? "";
    return names.some((pattern) => pattern === "**" || matchesName(pattern, last)) ||
      paths.some((pattern) => matchesPath(pattern, path));
  };
}

/** `dir/` means `dir`. */
function trimmed(pattern: string): string {
  return pattern.replace(/\/+$/, "");
}

/** `**` stands for any number of names, none as well. */
function matchesPath(pattern: readonly string[], path: readonly string[]): boolean {
  return matches(pattern, path, { isMany: (part) => part === "**", fits: matchesName });
}

function matchesName(pattern: string, name: string): boolean {
  return matches([...pattern], [...name], {
    isMany: (character) => character === "*",
    fits: (wanted, character) => wanted === "?" || wanted === character,
  });
}

/** Goes back to the last "many" alone, which is enough: an earlier one need never take more. */
function matches(
  pattern: readonly string[],
  items: readonly string[],
  { isMany, fits }: {
    readonly isMany: (part: string) => boolean;
    readonly fits: (part: string, item: string) => boolean;
  },
): boolean {
  let at = 0;
  let many = -1;
  let resume = 0;
  for (let index = 0; index < items.length;) {
    const part = pattern[at];
    if (part !== undefined && isMany(part)) {
      many = at++;
      resume = index;
    } else if (part !== undefined && fits(part, items[index]!)) {
      at++;
      index++;
    } else if (many >= 0) {
      at = many + 1;
      index = ++resume;
    } else {
      return false;
    }
  }
  while (at < pattern.length && isMany(pattern[at]!)) at++;
  return at === pattern.length;
}
