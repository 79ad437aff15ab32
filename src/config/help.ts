import { CATALOG, type CatalogEntry } from "./catalog.ts";

const WIDTH = 100;
const FLAG_WIDTH = 36;
const VARIABLE_WIDTH = 42;
const INDENT = "      ";

const INTRODUCTION =
  `CodeBeaker runs code in sandboxed sessions, over JSON-RPC 2.0 on WebSocket and HTTP.

Usage: codebeaker [flags]

A setting comes from its flag, else from its environment variable, else from the JSON file named by
--config, else from its default. Lists are separated by commas, and a list flag may be repeated.
Sizes may have a unit: 64MB, 1GiB. Switches are written --name or --no-name.`;

/** What `--help` prints: every setting with its flag, variable and default, at most 100 columns wide. */
export function helpText(): string {
  const lines = [
    INTRODUCTION,
    "",
    row("Flag", "Variable", "Default"),
    "",
    row("--config FILE", "CODEBEAKER_CONFIG", "none"),
    ...wrap("JSON file of settings, by their camelCase names"),
    ...CATALOG.flatMap(settingLines),
    row("--help, -h", "", ""),
    ...wrap("Prints this text"),
    row("--version, -V", "", ""),
    ...wrap("Prints the version"),
  ];
  return lines.map((line) => line.trimEnd()).join("\n") + "\n";
}

function settingLines({ flag, variables, defaultText, description }: CatalogEntry): string[] {
  const aliases = variables.slice(1);
  const also = aliases.length === 0 ? "" : ` (also ${aliases.join(", ")})`;
  const name = flag ?? "(no flag)";
  const line = row(name, variables[0], defaultText);
  if (line.length <= WIDTH) return [line, ...wrap(description + also)];
  return [
    row(name, variables[0], "below"),
    ...wrap(`${description + also}; default: ${defaultText}`),
  ];
}

function row(flag: string, variable: string, fallback: string): string {
  return `  ${flag.padEnd(FLAG_WIDTH)}${variable.padEnd(VARIABLE_WIDTH)}${fallback}`;
}

function wrap(text: string): string[] {
  const lines: string[] = [];
  for (const word of text.replaceAll(",", ", ").replaceAll(/,\s+/g, ", ").split(" ")) {
    const last = lines.at(-1);
    if (last === undefined || last.length + 1 + word.length > WIDTH) {
      lines.push(INDENT + word);
    } else lines[lines.length - 1] = `${last} ${word}`;
  }
  return lines;
}
