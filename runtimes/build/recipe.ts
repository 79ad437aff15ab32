/** The recipe that every folder has. */
export const DOCKERFILE = "Dockerfile";

/** The recipe of what stands in for the official base image, in folders that need one. */
export const DEBIAN_DOCKERFILE = "debian.Dockerfile";

/** Where the folders of the images are. */
export const RUNTIMES: URL = new URL("../", import.meta.url);

/** What has to be known of a folder to build its image. */
export interface Recipe {
  /** The base image that its Dockerfile names. */
  readonly base: string;
  /** The folders whose stand-ins its own stand-in begins with; undefined if it needs no stand-in. */
  readonly standInNeeds: readonly string[] | undefined;
}

/** Reads the recipes of a folder. */
export async function readRecipe(folder: string): Promise<Recipe> {
  const dockerfile = await Deno.readTextFile(new URL(`${folder}/${DOCKERFILE}`, RUNTIMES));
  const standIn = await readIfThere(new URL(`${folder}/${DEBIAN_DOCKERFILE}`, RUNTIMES));
  return {
    base: findBase(dockerfile, folder),
    standInNeeds: standIn === undefined ? undefined : findNeeds(standIn),
  };
}

/** Finds what a Dockerfile builds on unless it is told otherwise. */
export function findBase(dockerfile: string, folder: string): string {
  const base = /^ARG BASE=(\S+)$/m.exec(dockerfile)?.[1];
  if (base !== undefined) return base;
  throw new Error(
    `Cannot read runtimes/${folder}/${DOCKERFILE}: there is no line "ARG BASE=IMAGE"`,
  );
}

/** Finds the folders whose stand-ins a stand-in begins with. */
export function findNeeds(dockerfile: string): string[] {
  const names = dockerfile.matchAll(/^FROM codebeaker-debian:\$\{SUITE\}-([a-z0-9]+)\b/gm);
  return [...new Set([...names].map(([, folder = ""]) => folder))];
}

async function readIfThere(url: URL): Promise<string | undefined> {
  try {
    return await Deno.readTextFile(url);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
