/** Some lines of a file, and where they stand. */
export interface LineRange {
  /** Their bytes, line ends included. */
  readonly content: Uint8Array;
  /** The first line, as asked for. */
  readonly startLine: number;
  /** The last line that there is of those asked for; less than the first if there is none. */
  readonly endLine: number;
  /** Lines of the whole file; what follows the last line end counts if it is not empty. */
  readonly totalLines: number;
}

const NEWLINE = 0x0a;

/** Cuts lines out of a file, counted from 1. */
export function lineRange(bytes: Uint8Array, startLine = 1, endLine = Infinity): LineRange {
  let totalLines = 0;
  let from = bytes.length;
  let to = bytes.length;
  for (let at = 0; at < bytes.length;) {
    totalLines++;
    if (totalLines === startLine) from = at;
    const end = bytes.indexOf(NEWLINE, at);
    at = end === -1 ? bytes.length : end + 1;
    if (totalLines === endLine) to = at;
  }
  return {
    content: bytes.subarray(from, to),
    startLine,
    endLine: Math.min(endLine, totalLines),
    totalLines,
  };
}
