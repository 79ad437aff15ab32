import type { SearchMatch } from "../protocol/search.ts";
import type { Expression } from "./search_expression.ts";
import type { Turns } from "./turns.ts";

/** Characters of a line that are given. */
const SHOWN_CHARACTERS = 500;
/** Characters of a cut line before what was found. */
const LEAD_CHARACTERS = 100;
/** What one line may cost; a longer one is looked at up to there. */
const LINE_STEPS = 1_000_000;
/** Characters between two looks at the time. */
const STRIDE = 4096;
/** A file with a zero byte so near its beginning is no text. */
const BINARY_BYTES = 8000;
const MARK = "…";

/** Options of {@linkcode searchLines}. */
export interface SearchLinesOptions {
  /** The path of the matches. */
  readonly path: string;
  readonly contextLines: number;
  /** Ends after so many matches. */
  readonly max: number;
  /** Lets others in between. */
  readonly turns: Turns;
  /** Ends with what there is. */
  readonly isOver: () => boolean;
}

/** Whether bytes are no text. */
export function isBinary(bytes: Uint8Array): boolean {
  return bytes.subarray(0, BINARY_BYTES).includes(0);
}

/** Finds the lines of a text that match. */
export async function searchLines(
  text: string,
  expression: Expression,
  options: SearchLinesOptions,
): Promise<SearchMatch[]> {
  const { path, contextLines, max, turns, isOver } = options;
  const longest = Math.floor(LINE_STEPS / expression.weight);
  const lines = text.split("\n");
  if (lines.at(-1) === "") lines.pop();
  const matches: SearchMatch[] = [];
  let work = 0;
  for (const [index, ended] of lines.entries()) {
    const line = withoutReturn(ended);
    const searched = line.length > longest ? line.slice(0, longest) : line;
    work += searched.length + 1;
    if (work > STRIDE) {
      work = 0;
      await turns.next();
      if (isOver()) break;
    }
    if (!expression.test(searched)) continue;
    const shown = (from: number, to: number) =>
      lines.slice(Math.max(0, from), to).map((other) => cut(withoutReturn(other), 0));
    matches.push({
      path,
      line: index + 1,
      text: line.length > SHOWN_CHARACTERS ? cut(line, expression.indexIn(searched)) : line,
      ...(contextLines > 0 && {
        before: shown(index - contextLines, index),
        after: shown(index + 1, index + 1 + contextLines),
      }),
    });
    if (matches.length >= max) break;
  }
  return matches;
}

/** The part of a line around a place, with marks where something is missing. */
function cut(line: string, at: number): string {
  if (line.length <= SHOWN_CHARACTERS) return line;
  const start = Math.max(0, Math.min(at - LEAD_CHARACTERS, line.length - SHOWN_CHARACTERS));
  const end = start + SHOWN_CHARACTERS;
  const part = withoutHalves(line.slice(start, end));
  return `${start > 0 ? MARK : ""}${part}${end < line.length ? MARK : ""}`;
}

/** Takes away what a cut left of a character. */
function withoutHalves(text: string): string {
  return text.replace(/^[\uDC00-\uDFFF]/, "").replace(/[\uD800-\uDBFF]$/, "");
}

function withoutReturn(line: string): string {
  return line.endsWith("\r") ? line.slice(0, -1) : line;
}
