import { basename } from "@std/path";

/** A Deno that can run code. */
export interface DenoBinary {
  readonly path: string;
  readonly version: string;
}

/** Older ones have known ways around `--allow-read` (CVE-2026-49401, GHSA-968w-xfqw-vp9q). */
const OLDEST = "2.7.14";

/**
 * Finds the Deno for children: the configured one, else the one that runs this server, else the one on the
 * PATH.
 *
 * @returns the binary, or a sentence that says what is missing
 */
export async function findDeno(configured: string | undefined): Promise<DenoBinary | string> {
  const path = configured ?? (isDeno(Deno.execPath()) ? Deno.execPath() : "deno");
  const version = await versionOf(path);
  if (version === undefined) {
    return configured === undefined
      ? "No deno was found: install Deno, or name its path with --deno-path"
      : `"${configured}" cannot be started as deno: check --deno-path`;
  }
  if (compareVersions(version, OLDEST) < 0) {
    return `Deno ${version} is too old to confine code: ${OLDEST} or newer is needed`;
  }
  return { path: path === "deno" ? await pathOf(path) ?? path : path, version };
}

function isDeno(path: string): boolean {
  // A compiled server is its own executable and cannot run other programs.
  return !Deno.build.standalone && /^deno(?:\.exe)?$/.test(basename(path));
}

async function versionOf(path: string): Promise<string | undefined> {
  const output = await outputOf(path, ["--version"]);
  return output === undefined ? undefined : /^deno (\d+\.\d+\.\d+)/.exec(output)?.[1];
}

async function pathOf(name: string): Promise<string | undefined> {
  const output = await outputOf("/bin/sh", ["-c", 'command -v "$1"', "sh", name]);
  return output?.trim() || undefined;
}

async function outputOf(command: string, args: string[]): Promise<string | undefined> {
  try {
    const { success, stdout } = await new Deno.Command(command, {
      args,
      stdin: "null",
      stderr: "null",
    }).output();
    return success ? new TextDecoder().decode(stdout) : undefined;
  } catch {
    // Not there or not executable: the caller says it in one sentence for every reason.
    return undefined;
  }
}

/** Compares versions of three numbers: negative if `a` is older than `b`. */
export function compareVersions(a: string, b: string): number {
  const [x, y] = [a, b].map((version) => version.split(".").map(Number));
  for (let index = 0; index < 3; index++) {
    const difference = (x?.[index] ?? 0) - (y?.[index] ?? 0);
    if (difference !== 0) return difference;
  }
  return 0;
}
