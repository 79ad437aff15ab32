import { CATALOG, type CatalogEntry } from "./catalog.ts";

const INTRODUCTION = `# Configuration

<!-- Generated from src/config/schema.ts by \`deno task docs:config\`; change the schema, not this file. -->

A setting comes from its flag, else from its environment variable, else from the JSON file named by
\`--config\` or \`CODEBEAKER_CONFIG\`, else from its default. The server checks all of them before it
starts, reports every problem at once and exits with code 2. \`--help\` prints the table below,
\`--version\` the version.

- **Flags** are written \`--port 8080\` or \`--port=8080\`, switches \`--insecure\` or \`--no-insecure\`. Of
  a flag given twice the last one counts; lists add up: \`--allowed-hosts a --allowed-hosts b,c\`.
- **Variables** that are empty count as not set. Switches take \`true\` or \`false\`, lists are
  separated by commas. An unknown variable that starts with \`CODEBEAKER_\` is an error, so that a
  typing mistake does not go unnoticed. (Kubernetes gives Pods such variables if a Service is called
  \`codebeaker\`; set \`enableServiceLinks: false\` there.)
- **The file** is one JSON object of settings by their keys:
  \`{"port": 8080, "allowedHosts": ["a"]}\`.
- **Sizes** are bytes, or have a unit: \`64MB\` is 64,000,000 bytes, \`64MiB\` is 67,108,864.
- **Relative paths** start at the directory in which the server was started.
- **API keys have no flag**, because other users of a machine can read a command line.

## Settings
`;

/** The text of `docs/configuration.md`, laid out as the formatter lays it out. */
export function configurationMarkdown(): string {
  const rows = [["Key", "Flag", "Variable", "Default", "Meaning"], ...CATALOG.map(settingRow)];
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => width(row, column))));
  const lines = rows.map((row) => tableLine(row.map((cell, i) => cell.padEnd(widths?.[i] ?? 0))));
  lines.splice(1, 0, tableLine((widths ?? []).map((dashes) => "-".repeat(dashes))));
  return `${INTRODUCTION}\n${lines.join("\n")}\n`;
}

function settingRow({ key, flag, variables, defaultText, description, expected }: CatalogEntry) {
  return [
    `\`${key}\``,
    flag === undefined ? "none" : `\`${flag}\``,
    variables.map((variable) => `\`${variable}\``).join(", "),
    defaultText === "none" ? "none" : `\`${defaultText}\``,
    `${description}. Takes ${expected}.`,
  ];
}

function width(row: readonly string[], column: number): number {
  return row[column]?.length ?? 0;
}

function tableLine(cells: readonly string[]): string {
  return `| ${cells.join(" | ")} |`;
}

if (import.meta.main) {
  const file = new URL("../../docs/configuration.md", import.meta.url);
  await Deno.writeTextFile(file, configurationMarkdown());
}
