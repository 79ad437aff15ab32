/**
 * Writes a path of the API; every value becomes one encoded segment. A value that would lead to
 * another endpoint is refused, because URLs resolve such segments even when they are encoded.
 */
export function enginePath(texts: TemplateStringsArray, ...values: readonly string[]): string {
  return texts.reduce((path, text, index) => path + segment(values[index - 1] ?? "") + text);
}

function segment(value: string): string {
  if (value.split("/").some((part) => ["", ".", ".."].includes(part))) {
    throw new RangeError(
      `Cannot ask the Docker engine about "${value}": expected an id or a name`,
    );
  }
  return encodeURIComponent(value);
}
