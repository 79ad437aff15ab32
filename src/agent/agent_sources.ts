import { stripTypeScriptTypes } from "node:module";
import { AGENT_TEXTS } from "./agent_texts.ts";

/** The one of the sources that is run. */
export const AGENT_MAIN = "main.js";

let sources: ReadonlyMap<string, string> | undefined;

/**
 * The sources of the agent by their names, all for one folder. They are JavaScript where that can be had:
 * Deno puts what it makes of TypeScript into its cache, and where that is read-only it tries again and
 * again, which takes an agent ten times as long as all else at its start.
 */
export function agentSources(): ReadonlyMap<string, string> {
  return sources ??= new Map(makeSources());
}

function makeSources(): [name: string, text: string][] {
  const texts = Object.entries(AGENT_TEXTS);
  try {
    return [
      ...texts.map(([name, text]): [string, string] => [toJs(name), toJavaScript(text)]),
    ];
  } catch {
    // A compiled server may be without what this takes.
    return [...texts, [AGENT_MAIN, `import "./main.ts";\n`]];
  }
}

function toJavaScript(text: string): string {
  return stripTypeScriptTypes(text).replace(
    /(?<=\sfrom "|\bimport\(")\.\/\w+\.ts(?="\)?;)/g,
    (specifier) => toJs(specifier),
  );
}

function toJs(name: string): string {
  return name.replace(/\.ts$/, ".js");
}
