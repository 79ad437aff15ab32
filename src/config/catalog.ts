import { formatBytes } from "./byte_size.ts";
import { type ConfigKey, SETTINGS } from "./schema.ts";
import { SETTING_TRAITS, type SettingTraits } from "./setting.ts";

/** A setting as people write it. */
export interface CatalogEntry extends SettingTraits {
  /** Its key in the file and in the program. */
  readonly key: ConfigKey;
  /** Its flag, such as `--data-dir`; secrets have none. */
  readonly flag: string | undefined;
  /** Its environment variables, its own first. */
  readonly variables: readonly [string, ...string[]];
  /** Its default as text; `none` if there is none. */
  readonly defaultText: string;
  /** What it means. */
  readonly description: string;
}

/** Every setting, in the order of the schema. */
export const CATALOG: readonly CatalogEntry[] = (Object.keys(SETTINGS) as ConfigKey[])
  .map(catalogEntry);

/** Turns `memoryLimitMB` into `memory-limit-mb`. */
export function kebabCase(key: string): string {
  return key.replace(/([a-z0-9])([A-Z])/g, "$1-$2").toLowerCase();
}

function catalogEntry(key: ConfigKey): CatalogEntry {
  const schema = SETTINGS[key];
  const traits = SETTING_TRAITS.get(schema);
  if (traits === undefined) {
    throw new TypeError(`Cannot list setting "${key}": it has no traits`);
  }
  const kebab = kebabCase(key);
  return {
    ...traits,
    key,
    flag: traits.secret === true ? undefined : `--${kebab}`,
    variables: [
      `CODEBEAKER_${kebab.replaceAll("-", "_").toUpperCase()}`,
      ...traits.variables ?? [],
    ],
    defaultText: defaultText(traits, schema.parse(undefined)),
    description: schema.meta()?.description ?? "",
  };
}

function defaultText({ kind }: SettingTraits, value: unknown): string {
  if (value === undefined || (Array.isArray(value) && value.length === 0)) {
    return "none";
  }
  return kind === "bytes" ? formatBytes(Number(value)) : String(value);
}
