import { CATALOG, type CatalogEntry } from "./catalog.ts";
import { type ConfigSource, type GivenValue, quoteValue } from "./given_value.ts";
import { helpText } from "./help.ts";
import { CONFIG_VARIABLE, readEnvironment } from "./read_environment.ts";
import { readConfigFile } from "./read_file.ts";
import { readFlags } from "./read_flags.ts";
import { RULES } from "./rules.ts";
import { type Config, type ConfigKey, SETTINGS } from "./schema.ts";

/** What {@linkcode loadConfig} reads. */
export interface LoadInputs {
  /** Arguments of the program. */
  readonly args: readonly string[];
  /** Environment variables. */
  readonly env: Readonly<Record<string, string>>;
  /** Reads the configuration file. */
  readonly readTextFile: (path: string) => Promise<string>;
}

/** What {@linkcode loadConfig} found. */
export type LoadedConfig =
  | {
    kind: "config";
    config: Config;
    sources: Readonly<Record<ConfigKey, ConfigSource>>;
  }
  | { kind: "help"; text: string }
  | { kind: "version" }
  | { kind: "error"; problems: string[] };

/**
 * Puts the configuration together: flags before environment variables before the JSON file before the
 * defaults. All problems are reported at once, none of them with the value of a secret.
 */
export async function loadConfig(inputs: LoadInputs): Promise<LoadedConfig> {
  const flags = readFlags(inputs.args);
  if (flags.help) return { kind: "help", text: helpText() };
  if (flags.version) return { kind: "version" };
  const environment = readEnvironment(inputs.env);
  const file = await readNamedFile(inputs, flags.configFile, environment.configFile);
  const problems = [...flags.problems, ...environment.problems, ...file.problems];
  const checked = checkValues([...file.given, ...environment.given, ...flags.given]);
  problems.push(...checked.problems);
  return problems.length > 0 ? { kind: "error", problems } : {
    kind: "config",
    config: checked.values as Config,
    sources: checked.sources,
  };
}

async function readNamedFile(
  inputs: LoadInputs,
  fromFlag: string | undefined,
  fromVariable: string | undefined,
): Promise<{ given: GivenValue[]; problems: string[] }> {
  const file = fromFlag ?? fromVariable;
  if (file === undefined) return { given: [], problems: [] };
  const origin = fromFlag === undefined ? CONFIG_VARIABLE : "--config";
  try {
    return readConfigFile(file, await inputs.readTextFile(file));
  } catch (error) {
    const reason = error instanceof Error ? error.name : String(error);
    const problem = `Cannot read ${origin} ${quoteValue(file)}: ${reason}, expected a JSON file`;
    return { given: [], problems: [problem] };
  }
}

interface Checked {
  values: Partial<Record<ConfigKey, unknown>>;
  sources: Record<ConfigKey, ConfigSource>;
  problems: string[];
}

/** Checks every value given, also those that another place overrides; the last of a setting wins. */
function checkValues(given: readonly GivenValue[]): Checked {
  const checked: Checked = {
    values: {},
    sources: {} as Record<ConfigKey, ConfigSource>,
    problems: [],
  };
  const origins = new Map<ConfigKey, string>();
  const bad = new Set<ConfigKey>();
  for (const entry of CATALOG) {
    checked.values[entry.key] = SETTINGS[entry.key].parse(undefined);
    checked.sources[entry.key] = "default";
    for (const { value, origin, source } of given.filter(({ key }) => key === entry.key)) {
      const parsed = SETTINGS[entry.key].safeParse(value);
      if (parsed.success && value !== undefined) {
        checked.values[entry.key] = parsed.data;
        checked.sources[entry.key] = source;
        origins.set(entry.key, origin);
      } else {
        bad.add(entry.key);
        checked.problems.push(describeBad(entry, origin, value, parsed.error?.issues[0]?.path));
      }
    }
  }
  checked.problems.push(...brokenRules(checked.values as Config, origins, bad));
  return checked;
}

function brokenRules(
  config: Config,
  origins: ReadonlyMap<ConfigKey, string>,
  bad: ReadonlySet<ConfigKey>,
): string[] {
  return RULES
    .filter((rule) => !bad.has(rule.key) && !bad.has(rule.bound) && !rule.holds(config))
    .map((rule) => {
      const origin = origins.get(rule.key) ?? rule.key;
      const note = origins.has(rule.key) ? "" : " (its default)";
      const bound = origins.get(rule.bound) ?? "its default";
      return `Cannot set ${origin} to "${config[rule.key]}"${note}: expected ${
        rule.expected(config)
      } (${bound})`;
    });
}

function describeBad(
  { secret, expected }: CatalogEntry,
  origin: string,
  value: unknown,
  path: readonly PropertyKey[] = [],
): string {
  const index = path[0];
  const isEntry = typeof index === "number" && Array.isArray(value);
  if (secret === true) {
    return `Cannot set ${origin}: expected ${expected}${isEntry ? `, see entry ${index + 1}` : ""}`;
  }
  return `Cannot set ${origin} to ${
    quoteValue(isEntry ? value[index] : value)
  }: expected ${expected}`;
}
