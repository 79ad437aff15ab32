import { globToRegExp } from "@std/path/posix";
import { RE2JS, RE2JSException } from "re2js";
import { expandedSize } from "./expanded_size.ts";

/** What a search looks for; it takes a time that grows with the length of the text alone. */
export interface Expression {
  /** Whether it is in a text. */
  test(text: string): boolean;
  /** Where it first is in a text; -1 if nowhere. */
  indexIn(text: string): number;
  /** About how many steps it takes for each character. */
  readonly weight: number;
}

/** An expression of a client's that is none; the message says why. */
export class ExpressionError extends Error {
  override readonly name = "ExpressionError";
}

/** A larger expression takes too long for each character, and before that to be compiled. */
const MAX_SIZE = 5000;

/** Compiles a regular expression in the syntax of RE2. Throws an {@linkcode ExpressionError}. */
export function compilePattern(pattern: string, ignoreCase: boolean): Expression {
  return compile(RE2JS.translateRegExp(pattern), ignoreCase);
}

/** Compiles a glob into an expression for whole paths. Throws an {@linkcode ExpressionError}. */
export function compileGlob(glob: string, ignoreCase: boolean): Expression {
  const { source } = globToRegExp(glob, { extended: false });
  // "?" would also stand for a slash.
  const inSegment = source.replaceAll(
    /\\.|\[(?:\\.|[^\]\\])*\]|\./gs,
    (token) => token === "." ? "[^/]" : token,
  );
  return compile(inSegment, ignoreCase);
}

function compile(source: string, ignoreCase: boolean): Expression {
  const size = expandedSize(source);
  if (size > MAX_SIZE) {
    throw new ExpressionError(
      `The expression is too large: ${size} steps with its repetitions written out, at most ` +
        `${MAX_SIZE} are allowed`,
    );
  }
  let compiled: RE2JS;
  try {
    compiled = RE2JS.compile(source, ignoreCase ? RE2JS.CASE_INSENSITIVE : 0);
  } catch (error) {
    if (!(error instanceof RE2JSException)) throw error;
    const reason = error.message.replace(/^error parsing regexp: /, "");
    throw new ExpressionError(`Not a valid expression: ${reason}`, { cause: error });
  }
  const weight = compiled.programSize();
  return {
    weight,
    test: (text) => compiled.test(text),
    indexIn: (text) => {
      const matcher = compiled.matcher(text);
      return matcher.find() ? matcher.start() : -1;
    },
  };
}
