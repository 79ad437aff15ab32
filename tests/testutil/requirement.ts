import { join } from "@std/path";
import { LANGUAGE_IMAGES } from "../../runtimes/build/language_images.ts";
import { runProgram } from "./run_program.ts";

/** What some tests need of the machine beside Deno. */
export type RequirementName =
  | "docker"
  | "images"
  | "browser"
  | "bubblewrap"
  | "node-ws"
  | "python-websockets"
  | "registry";

/** Whether a requirement is met, spread into `Deno.test({ ... })`. */
export interface Requirement {
  ignore: boolean;
}

const PROBE_TIMEOUT_MS = 20_000;

const IMAGES = LANGUAGE_IMAGES.map(({ name }) => name);

const PROBES: Record<RequirementName, () => Promise<string | undefined>> = {
  docker: () => probe("docker", ["version"], "no Docker engine answers"),
  images: () =>
    probe("docker", ["image", "inspect", ...IMAGES], "not all images of languages are there"),
  browser: async () =>
    await findBrowser() === undefined ? "no Chromium or Chrome is on the PATH" : undefined,
  bubblewrap: () =>
    probe(
      "bwrap",
      ["--unshare-all", "--ro-bind", "/", "/", "true"],
      "bwrap cannot start a sandbox",
    ),
  "node-ws": async () =>
    await probe("node", ["--version"], "node is not on the PATH") ??
      await probeRegistry(),
  "python-websockets": () =>
    probe(
      "python3",
      ["-c", "import venv, ensurepip"],
      "python3 with venv is not on the PATH",
    ),
  registry: probeRegistry,
};

/**
 * Tells whether a requirement is met. If not, says why on one line, so that its tests are skipped; and
 * if `CODEBEAKER_REQUIRE` (a comma-separated list) names it, registers a test that fails.
 */
export async function requirement(name: RequirementName): Promise<Requirement> {
  const missing = await PROBES[name]();
  return missing === undefined ? { ignore: false } : await reportMissing(name, missing);
}

/** As {@linkcode requirement}, for a requirement that the caller found missing on its own. */
export async function reportMissing(
  name: RequirementName,
  why: string,
): Promise<Requirement> {
  const required = (Deno.env.get("CODEBEAKER_REQUIRE") ?? "").split(",").map((
    word,
  ) => word.trim());
  if (required.includes(name)) {
    Deno.test(`requirement() finds "${name}"`, () => {
      throw new Error(`Cannot run the tests that need "${name}": ${why}`);
    });
  } else {
    await Deno.stderr.write(
      new TextEncoder().encode(`Skipping what needs "${name}": ${why}\n`),
    );
  }
  return { ignore: true };
}

/** The command of a Chromium on the PATH. */
export async function findBrowser(): Promise<string | undefined> {
  for (
    const command of [
      "chromium",
      "chromium-browser",
      "google-chrome",
      "google-chrome-stable",
    ]
  ) {
    if (await probe(command, ["--version"], "missing") === undefined) {
      return command;
    }
  }
}

/** Makes a temporary directory with an npm package in it, or says why not. */
export async function installNpmPackage(
  spec: string,
): Promise<{ directory: string; why?: string }> {
  const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  const args = [
    "install",
    "--no-audit",
    "--no-fund",
    "--no-save",
    "--prefix",
    directory,
    spec,
  ];
  const why = await probe("npm", args, `npm cannot install ${spec}`);
  return { directory, ...(why !== undefined && { why }) };
}

/** Makes a temporary Python environment with a package in it, or says why not. */
export async function installPythonPackage(
  spec: string,
): Promise<{ directory: string; python: string; why?: string }> {
  const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  const python = join(directory, "bin", "python");
  const why = await probe(
    "python3",
    ["-m", "venv", directory],
    "python3 cannot make a venv",
  ) ??
    await probe(
      python,
      ["-m", "pip", "install", "--quiet", spec],
      `pip cannot install ${spec}`,
    );
  return { directory, python, ...(why !== undefined && { why }) };
}

function probeRegistry(): Promise<string | undefined> {
  const args = [
    "view",
    "ws@8",
    "version",
    "--fetch-timeout=5000",
    "--fetch-retries=0",
  ];
  return probe("npm", args, "no npm registry answers");
}

async function probe(
  command: string,
  args: readonly string[],
  why: string,
): Promise<string | undefined> {
  try {
    const { code } = await runProgram(command, args, {
      timeoutMs: PROBE_TIMEOUT_MS,
    });
    return code === 0 ? undefined : why;
  } catch {
    // A program that does not answer in time is as good as missing.
    return `${why} in time`;
  }
}
