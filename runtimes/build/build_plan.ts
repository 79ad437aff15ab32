import type { LanguageImage } from "./language_images.ts";
import { DEBIAN_DOCKERFILE, DOCKERFILE, type Recipe } from "./recipe.ts";

/** The Debian release that `--from-debian` is made of. */
export const SUITE = "bookworm";

/** What debootstrap makes, on which everything of `--from-debian` is built. */
export const DEBIAN_IMAGE = `codebeaker-debian:${SUITE}`;

/** One image to build. */
export interface BuildStep {
  /** The name that the image gets. */
  readonly image: string;
  readonly folder: string;
  /** Its recipe, from `runtimes/` on. */
  readonly dockerfile: string;
  readonly buildArgs: Readonly<Record<string, string>>;
  /** The image that it is built on and that may have to be pulled; undefined if a step makes it. */
  readonly pulls: string | undefined;
  /** Names of the images of other steps that have to be there first. */
  readonly needs: readonly string[];
}

/** Options of {@linkcode planBuild}. */
export interface PlanBuildOptions {
  /** Whether the base images are made too. @default {false} */
  fromDebian?: boolean;
  /** The base image to use instead of the one that the Dockerfile names. */
  base?: string | undefined;
  /** @default {{}} */
  buildArgs?: Readonly<Record<string, string>>;
}

/** Says what is to be built for some images, in an order in which nothing waits for what comes later. */
export function planBuild(
  images: readonly LanguageImage[],
  recipes: ReadonlyMap<string, Recipe>,
  options: PlanBuildOptions = {},
): BuildStep[] {
  const { fromDebian = false, base, buildArgs = {} } = options;
  if (base !== undefined && images.length !== 1) {
    throw new RangeError(
      `Cannot build ${images.length} images on "${base}": name one language with --base`,
    );
  }
  const steps = new Map<string, BuildStep>();
  for (const { folder, name } of images) {
    const recipe = recipeOf(recipes, folder);
    if (fromDebian) addStandIn(steps, recipes, folder, buildArgs);
    const made = recipe.standInNeeds === undefined ? DEBIAN_IMAGE : standInName(folder);
    const from = fromDebian ? made : base ?? recipe.base;
    steps.set(name, {
      image: name,
      folder,
      dockerfile: `${folder}/${DOCKERFILE}`,
      buildArgs: { ...buildArgs, BASE: from },
      pulls: fromDebian ? undefined : from,
      needs: steps.has(from) ? [from] : [],
    });
  }
  return [...steps.values()];
}

/** The name of what stands in for a folder's official base image. */
export function standInName(folder: string): string {
  return `${DEBIAN_IMAGE}-${folder}`;
}

function addStandIn(
  steps: Map<string, BuildStep>,
  recipes: ReadonlyMap<string, Recipe>,
  folder: string,
  buildArgs: Readonly<Record<string, string>>,
): void {
  const image = standInName(folder);
  const { standInNeeds } = recipeOf(recipes, folder);
  if (standInNeeds === undefined || steps.has(image)) return;
  for (const need of standInNeeds) addStandIn(steps, recipes, need, buildArgs);
  steps.set(image, {
    image,
    folder,
    dockerfile: `${folder}/${DEBIAN_DOCKERFILE}`,
    buildArgs: { ...buildArgs, SUITE },
    pulls: undefined,
    needs: standInNeeds.map(standInName),
  });
}

function recipeOf(recipes: ReadonlyMap<string, Recipe>, folder: string): Recipe {
  const recipe = recipes.get(folder);
  if (recipe !== undefined) return recipe;
  throw new RangeError(`Cannot build runtimes/${folder}: its recipe was not read`);
}
