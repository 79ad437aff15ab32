import { CATALOG } from "./catalog.ts";
import { decodeText, type GivenValue, quoteValue } from "./given_value.ts";
import { nearest } from "./nearest.ts";

/** The variable that names the configuration file. */
export const CONFIG_VARIABLE = "CODEBEAKER_CONFIG";

/** What the environment says. */
export interface EnvironmentRead {
  /** The file in `CODEBEAKER_CONFIG`. */
  configFile: string | undefined;
  /** The settings given. */
  given: GivenValue[];
  /** A sentence for each `CODEBEAKER_` variable that means nothing. */
  problems: string[];
}

const PREFIX = "CODEBEAKER_";
/** Read by the tests, not by the server. */
const FOREIGN: ReadonlySet<string> = new Set(["CODEBEAKER_REQUIRE"]);
const KNOWN = [...CATALOG.flatMap((entry) => entry.variables), CONFIG_VARIABLE];

/** Reads the variables of the server. An empty one counts as not set. */
export function readEnvironment(env: Readonly<Record<string, string>>): EnvironmentRead {
  const given: GivenValue[] = [];
  for (const { key, kind, variables } of CATALOG) {
    const origin = variables.find((variable) => isSet(env, variable));
    if (origin === undefined) continue;
    const value = decodeText(kind, env[origin] ?? "");
    given.push({ key, value, origin, source: "environment" });
  }
  const problems = Object.keys(env)
    .filter((name) => name.startsWith(PREFIX) && !KNOWN.includes(name) && !FOREIGN.has(name))
    .map((name) =>
      `Cannot use variable ${quoteValue(name)}: there is none of that name, the nearest is ${
        nearest(name, KNOWN)
      }`
    );
  return {
    configFile: isSet(env, CONFIG_VARIABLE) ? env[CONFIG_VARIABLE] : undefined,
    given,
    problems,
  };
}

function isSet(env: Readonly<Record<string, string>>, name: string): boolean {
  return Object.hasOwn(env, name) && env[name] !== "";
}
