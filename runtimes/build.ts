/**
 * Builds the images that languages run in.
 *
 * @example
 * ```sh
 * deno task images python nodejs
 * sudo deno task images --from-debian
 * ```
 *
 * @module
 */
import { parseEngineAddress } from "../src/runtimes/docker/engine/engine_address.ts";
import { EngineClient } from "../src/runtimes/docker/engine/engine_client.ts";
import { isEngineError } from "../src/runtimes/docker/engine/engine_error.ts";
import { enginePing } from "../src/runtimes/docker/engine/engine_ping.ts";
import { buildImages, readRecipes } from "./build/build_images.ts";
import { type BuildOptions, HELP, parseBuildOptions } from "./build/build_options.ts";
import { chooseImages } from "./build/choose_images.ts";
import type { LanguageImage } from "./build/language_images.ts";
import { DEBIAN_IMAGE, standInName } from "./build/build_plan.ts";

const EXIT_FAILURE = 1;
const EXIT_USAGE = 2;
const EXIT_INTERRUPTED = 130;

const encoder = new TextEncoder();

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  let options: BuildOptions;
  let images: readonly LanguageImage[];
  try {
    options = parseBuildOptions(Deno.args, Deno.env.toObject());
    images = chooseImages(options.languages);
  } catch (error) {
    if (!(error instanceof RangeError || error instanceof TypeError)) throw error;
    return fail(`${error.message}\n--help shows what can be asked for`, EXIT_USAGE);
  }
  if (options.help) return print(HELP);
  if (options.list) return print(await formatList(images));
  return await build(images, options);
}

async function build(images: readonly LanguageImage[], options: BuildOptions): Promise<number> {
  const interrupted = new AbortController();
  const interrupt = () => interrupted.abort();
  Deno.addSignalListener("SIGINT", interrupt);
  const { signal } = interrupted;
  try {
    const address = parseEngineAddress(Deno.env.get("DOCKER_HOST") ?? "", {
      certPath: Deno.env.get("DOCKER_CERT_PATH"),
    });
    using engine = await EngineClient.open(address);
    await enginePing(engine, { signal });
    const failures = await buildImages(engine, images, writeLine, { ...options, signal });
    return failures === 0 ? 0 : fail(`${failures} could not be built`, EXIT_FAILURE);
  } catch (error) {
    if (signal.aborted) return fail("Interrupted", EXIT_INTERRUPTED);
    return fail(explain(error), EXIT_FAILURE);
  } finally {
    Deno.removeSignalListener("SIGINT", interrupt);
  }
}

function explain(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (!isEngineError(error, "unavailable")) return error.message;
  return `${error.message}\nInstall Docker (https://docs.docker.com/engine/install/) and start it, ` +
    "as in `systemctl start docker`, or name its address in DOCKER_HOST";
}

async function formatList(images: readonly LanguageImage[]): Promise<string> {
  const recipes = await readRecipes();
  const rows = images.map(({ folder, name, aliases }) => {
    const { base = "", standInNeeds } = recipes.get(folder) ?? {};
    const standIn = standInNeeds === undefined ? DEBIAN_IMAGE : standInName(folder);
    return [name, base, standIn, aliases.join(", ")];
  });
  const table = [["IMAGE", "BASE", "BASE WITH --from-debian", "ASKED FOR BY"], ...rows];
  const widths = [0, 1, 2, 3].map((column) => Math.max(...table.map((row) => row[column]!.length)));
  return table
    .map((row) => row.map((cell, column) => cell.padEnd(widths[column]!)).join("  ").trimEnd())
    .join("\n") + "\n";
}

function print(text: string): number {
  Deno.stdout.writeSync(encoder.encode(text));
  return 0;
}

function fail(text: string, code: number): number {
  Deno.stderr.writeSync(encoder.encode(`${text}\n`));
  return code;
}

function writeLine(line: string): void {
  Deno.stdout.writeSync(encoder.encode(`${line}\n`));
}
