import { cellColumn } from "./cell_source.ts";
import { textOrNothing } from "./text_or_nothing.ts";

/** The part of V8's call sites that is used. */
export interface CallSite {
  getFunctionName(): string | null;
  getScriptNameOrSourceURL?(): string | null;
  getFileName(): string | null;
  getLineNumber(): number | null;
  getColumnNumber(): number | null;
  isAsync?(): boolean;
}

const CELL_REGEXP = /^cell_\d+$/;
const own = import.meta.url;
/** What is Deno's, and what stands before its functions where the workspace has no file system of its own. */
const HIDDEN_REGEXP = /^(?:ext|data):|\/bootstrap\/workspace_paths\.js\?root=/;

/** Writes a stack with the names of cells, which the platform's own has not, and without what is ours. */
export function formatStack(error: unknown, sites: readonly CallSite[]): string {
  const lines = sites.flatMap((site) => {
    const file = site.getScriptNameOrSourceURL?.() ?? site.getFileName();
    if (file === null || file === own || HIDDEN_REGEXP.test(file)) return [];
    const line = site.getLineNumber() ?? 0;
    const column = site.getColumnNumber() ?? 0;
    const shown = CELL_REGEXP.test(file) ? cellColumn(line, column) : Math.max(1, column);
    const place = `${file}:${line}:${shown}`;
    const caller = site.getFunctionName();
    const where = caller === null || caller === "" ? place : `${caller} (${place})`;
    return [`    at ${site.isAsync?.() === true ? "async " : ""}${where}`];
  });
  return [textOrNothing(() => Error.prototype.toString.call(error)), ...lines].join("\n");
}
