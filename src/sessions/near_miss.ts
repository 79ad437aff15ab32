const LARGEST_FILE = 1024 * 1024;

/**
 * Says where a text almost stands in a file that does not hold it: with other white space, other line
 * ends or other capitals. Undefined if there is nothing like it, or the file is too large to look.
 */
export function nearMiss(file: Uint8Array, wanted: string): string | undefined {
  if (file.length > LARGEST_FILE) return undefined;
  const text = new TextDecoder().decode(file);
  const lines = text.split("\n");
  const wantedLines = withoutBlankEnds(wanted.split("\n"));
  if (wantedLines.length === 0) return undefined;
  const unspaced = lineOf(lines, wantedLines, withoutSpace);
  if (unspaced !== undefined) {
    const endings = text.includes("\r\n") !== wanted.includes("\r\n") && wanted.includes("\n");
    const hint = endings ? `: the file has ${text.includes("\r\n") ? "CRLF" : "LF"} line ends` : "";
    return `at line ${unspaced} it differs in white space only${hint}`;
  }
  const uncased = lineOf(lines, wantedLines, (line) => withoutSpace(line).toLowerCase());
  if (uncased !== undefined) return `at line ${uncased} it differs in capitals`;
  const [first = ""] = wantedLines;
  const begins = wantedLines.length > 1 ? lineOf(lines, [first], withoutSpace) : undefined;
  return begins === undefined
    ? undefined
    : `its first line stands at line ${begins}, and what follows is different`;
}

function lineOf(
  lines: readonly string[],
  wanted: readonly string[],
  plain: (line: string) => string,
): number | undefined {
  const [first = "", ...rest] = wanted.map(plain);
  // What is looked for may begin and end inside a line.
  const contains = rest.length === 0;
  const fits = (line: string, index: number) => {
    const found = plain(line);
    if (contains ? !found.includes(first) : !found.endsWith(first)) return false;
    return rest.every((next, offset) => {
      const below = plain(lines[index + 1 + offset] ?? "");
      return offset === rest.length - 1 ? below.startsWith(next) : below === next;
    });
  };
  const index = lines.findIndex(fits);
  return index === -1 ? undefined : index + 1;
}

function withoutSpace(line: string): string {
  return line.replaceAll(/\s+/g, "");
}

function withoutBlankEnds(lines: readonly string[]): string[] {
  const isText = (line: string) => line.trim() !== "";
  const first = lines.findIndex(isText);
  return first === -1 ? [] : lines.slice(first, lines.findLastIndex(isText) + 1);
}
