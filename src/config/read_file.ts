import { CATALOG, type CatalogEntry } from "./catalog.ts";
import { type GivenValue, quoteValue } from "./given_value.ts";
import { nearest } from "./nearest.ts";

/** What the configuration file says. */
export interface FileRead {
  /** The settings given. */
  given: GivenValue[];
  /** A sentence for each thing wrong with it. */
  problems: string[];
}

const MAX_LENGTH = 2 ** 20;
const BY_KEY: ReadonlyMap<string, CatalogEntry> = new Map(
  CATALOG.map((entry) => [entry.key, entry]),
);

/** Reads the text of a configuration file: one JSON object of settings; `$schema` is left alone. */
export function readConfigFile(file: string, text: string): FileRead {
  const name = quoteValue(file);
  if (text.length > MAX_LENGTH) {
    return fails(
      `Cannot use configuration file ${name}: it is longer than ${MAX_LENGTH} characters`,
    );
  }
  let content: unknown;
  try {
    content = JSON.parse(text.replace(/^\uFEFF/, ""));
  } catch (error) {
    return fails(
      `Cannot use configuration file ${name}: it is not JSON${describePlace(error)}`,
    );
  }
  if (typeof content !== "object" || content === null || Array.isArray(content)) {
    return fails(
      `Cannot use configuration file ${name}: expected one JSON object`,
    );
  }
  const read: FileRead = { given: [], problems: [] };
  for (const [key, value] of Object.entries(content)) {
    const entry = BY_KEY.get(key);
    if (entry !== undefined) {
      read.given.push({
        key: entry.key,
        value,
        origin: `key "${key}" of ${file}`,
        source: "file",
      });
    } else if (key !== "$schema") {
      read.problems.push(
        `Cannot use key ${quoteValue(key)} of ${file}: there is none of that name, the nearest is ${
          nearest(key, [...BY_KEY.keys()])
        }`,
      );
    }
  }
  return read;
}

function fails(problem: string): FileRead {
  return { given: [], problems: [problem] };
}

/** Only the place: the parser's message quotes the text around it, which may be a key. */
function describePlace(error: unknown): string {
  const match = /line (\d+) column (\d+)/.exec(error instanceof Error ? error.message : "");
  return match === null ? "" : ` at line ${match[1]}, column ${match[2]}`;
}
