import { stripTypes } from "../strip_types.ts";
import { AGENT_TEXTS } from "./agent_texts.ts";

/** The one of the sources that is run. */
export const AGENT_MAIN = "main.js";

let sources: ReadonlyMap<string, string> | undefined;

/**
 * The sources of the agent by their names, all for one folder. They are JavaScript where that can be had: its
 * Deno may have no cache to write to.
 */
export function agentSources(): ReadonlyMap<string, string> {
  return sources ??= new Map(makeSources());
}

function makeSources(): [name: string, text: string][] {
  const texts = Object.entries(AGENT_TEXTS);
  const scripts: [name: string, text: string][] = [];
  for (const [name, text] of texts) {
    const script = stripTypes(text);
    if (script === undefined) return [...texts, [AGENT_MAIN, `import "./main.ts";\n`]];
    scripts.push([toJs(name), importingJs(script)]);
  }
  return scripts;
}

function importingJs(text: string): string {
  return text.replace(
    /(?<=\sfrom "|\bimport\(")\.\/\w+\.ts(?="\)?;)/g,
    (specifier) => toJs(specifier),
  );
}

function toJs(name: string): string {
  return name.replace(/\.ts$/, ".js");
}
