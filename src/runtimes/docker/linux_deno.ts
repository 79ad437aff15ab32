import { join } from "@std/path";
import { type DenoBinary, findDeno } from "../deno_binary.ts";

/** The kinds of machine for which there is a Deno that runs in containers. */
export type ContainerArch = "x86_64" | "aarch64";

/** Options of {@linkcode linuxDeno}. */
export interface LinuxDenoOptions {
  /** Path of the Deno to go by; by default the one that runs the server. */
  readonly denoPath?: string | undefined;
  /** Where one is kept that has to be fetched. */
  readonly cacheDir: string;
}

const PACKAGES: Record<ContainerArch, string> = {
  "x86_64": "@deno/linux-x64-glibc",
  aarch64: "@deno/linux-arm64-glibc",
};

/** The machine of an engine or an image, in Deno's words; undefined for one that the agent cannot run on. */
export function containerArch(architecture: string): ContainerArch | undefined {
  switch (architecture) {
    case "x86_64":
    case "amd64":
      return "x86_64";
    case "aarch64":
    case "arm64":
      return "aarch64";
    default:
      return undefined;
  }
}

/**
 * Finds the Deno that goes into containers: the server's own where it is a Linux one for the same kind of
 * machine, else the Linux build of the same version, fetched from npm once.
 *
 * @returns the binary, or a sentence that says what is missing
 */
export async function linuxDeno(
  arch: ContainerArch,
  options: LinuxDenoOptions,
): Promise<DenoBinary | string> {
  const own = await findDeno(options.denoPath);
  if (typeof own === "string") return own;
  if (Deno.build.os === "linux" && Deno.build.arch === arch) return own;
  return await fetchDeno(own, arch, options.cacheDir);
}

/** Fetches the Linux build of the same version through the npm client that Deno has. */
export async function fetchDeno(
  own: DenoBinary,
  arch: ContainerArch,
  cacheDir: string,
): Promise<DenoBinary | string> {
  const { version } = own;
  const name = PACKAGES[arch];
  const known = await findInCache(cacheDir, name, version);
  if (known !== undefined) return { path: known, version };
  const { success, stderr } = await new Deno.Command(own.path, {
    args: ["cache", "--quiet", "--no-config", "--no-lock", `npm:${name}@${version}`],
    env: { DENO_DIR: cacheDir, NO_COLOR: "1" },
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).output();
  const path = await findInCache(cacheDir, name, version);
  if (path !== undefined) return { path, version };
  const said = success ? "the package has no program" : new TextDecoder().decode(stderr).trim();
  return `The npm package ${name}@${version} cannot be fetched: ${said.slice(0, 500)}`;
}

/** The cache has a folder for the registry, whose name depends on the user's npm settings. */
async function findInCache(
  cacheDir: string,
  name: string,
  version: string,
): Promise<string | undefined> {
  const npm = join(cacheDir, "npm");
  try {
    for await (const registry of Deno.readDir(npm)) {
      const path = join(npm, registry.name, name, version, "deno");
      const found = await Deno.stat(path).catch(() => undefined);
      if (found?.isFile) return path;
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return undefined;
}
