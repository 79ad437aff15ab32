import { stripTypeScriptTypes } from "node:module";
import { OWN_TURN } from "./kernel_hook.ts";
import { withoutModuleSyntax } from "./module_syntax.ts";

/** What stands before a cell's first line. */
const PREFIX = `"use strict";${OWN_TURN}`;

/** A cell as the inspector takes it; throws for one that has no types but what looks like them. */
export function cellSource(code: string, name: string, isTypeScript: boolean): string {
  const source = withoutModuleSyntax(isTypeScript ? withoutTypes(code) : code);
  return `${PREFIX}${source}\n//# sourceURL=${name}`;
}

/** The column in a cell's own text of one in what the inspector was given; both count from 1. */
export function cellColumn(line: number, column: number): number {
  return Math.max(1, line === 1 ? column - PREFIX.length : column);
}

function withoutTypes(code: string): string {
  try {
    return stripTypeScriptTypes(code);
  } catch (error) {
    // Enums and namespaces are more than types. Their lines may move.
    if ((error as { code?: string }).code !== "ERR_UNSUPPORTED_TYPESCRIPT_SYNTAX") throw error;
    return stripTypeScriptTypes(code, { mode: "transform" });
  }
}
