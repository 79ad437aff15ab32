import { cellColumn } from "./cell_source.ts";
import { shortenText } from "./shorten_text.ts";
import { textOrNothing } from "./text_or_nothing.ts";

/** What the server is told of an error. */
export interface CellError {
  readonly name: string;
  readonly value: string;
  readonly traceback: string;
}

const MAX_ERROR = 64 * 1024;
const show = Deno.inspect;

/** Describes what was thrown. */
export function describeError(error: unknown): CellError {
  const isError = error instanceof Error;
  const name = isError ? textOrNothing(() => String(error.name)) : typeof error;
  const value = textOrNothing(() => isError ? String(error.message) : String(error));
  const shown = textOrNothing(() =>
    isError ? show(error, { colors: false }) : `Uncaught ${show(error)}`
  );
  const traceback = shown.split("\n").filter((line) => !/^\s+at .*\b(?:ext|data):/.test(line));
  return {
    name,
    value: shortenText(value, MAX_ERROR),
    traceback: shortenText(traceback.join("\n"), MAX_ERROR),
  };
}

/** Describes an error that the inspector found in a cell, whose place its own stack may lack. */
export function describeErrorAt(
  found: SyntaxError,
  name: string,
  { lineNumber, columnNumber }: { readonly lineNumber: number; readonly columnNumber: number },
): CellError {
  const error = describeError(found);
  if (error.traceback.includes(`${name}:`)) return error;
  const line = lineNumber + 1;
  const place = `${name}:${line}:${cellColumn(line, columnNumber + 1)}`;
  return { ...error, traceback: `${error.name}: ${error.value}\n    at ${place}` };
}

/** Describes what the compiler says: it has one line that tells what, and one that tells where. */
export function describeSyntaxError(error: unknown, name: string): CellError {
  const text = (error instanceof Error ? error.message : String(error))
    .replaceAll("file:///stripTypeScriptTypes.ts", name);
  const value = (text.split("\n")[0] ?? "").replace(/^SyntaxError: /, "");
  const traceback = text.startsWith("SyntaxError: ") ? text : `SyntaxError: ${text}`;
  return { name: "SyntaxError", value, traceback };
}
