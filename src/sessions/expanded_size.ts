/**
 * How long a regular expression is once its counted repetitions are written out, which is what compiling
 * and matching it cost. Never less than it is for an expression that is well-formed.
 */
export function expandedSize(source: string): number {
  const outer: number[] = [];
  let size = 0;
  let last = 0;
  for (const [token] of source.matchAll(TOKENS)) {
    const count = /^\{(\d+)(?:,(\d*))?\}$/.exec(token);
    if (count !== null) {
      const [, least, most] = count;
      size += last * Math.max(0, Number(most || least) - 1);
      last *= Math.max(1, Number(most || least));
    } else if (token === "(") {
      outer.push(size);
      size = 0;
    } else if (token === ")" && outer.length > 0) {
      last = size + 1;
      size = last + (outer.pop() ?? 0);
    } else {
      last = 1;
      size += 1;
    }
  }
  return outer.reduce((sum, part) => sum + part, size);
}

/** An escape, a class, a counted repetition, or a character. */
const TOKENS = /\\[pP]\{[^}]*\}|\\x\{[^}]*\}|\\.|\[\^?\]?(?:\\.|[^\]\\])*\]|\{\d+(?:,\d*)?\}|./gsu;
