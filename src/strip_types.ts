import { stripTypeScriptTypes } from "node:module";

/**
 * The JavaScript of a text of TypeScript, for a Deno elsewhere; undefined where that cannot be had: a compiled
 * server may be without what it takes. Deno takes TypeScript too, but puts what it makes of it into its cache,
 * and where that is read-only it tries again and again, which takes longer than all else at its start.
 */
export function stripTypes(text: string): string | undefined {
  try {
    return stripTypeScriptTypes(text);
  } catch {
    return undefined;
  }
}
