import { join } from "@std/path";
import { errorCode } from "./confined_directory.ts";

/** Where {@linkcode mergeModules} works. */
export interface ModulesMerge {
  /** Packages that were just installed; gone afterwards. */
  readonly fresh: string;
  /** The `node_modules` of the workspace. */
  readonly target: string;
  /** A free path on the same file system, for what is replaced. */
  readonly replaced: string;
}

/** Code of the session that makes the directory again and again at the same time. */
const MAX_TRIES = 5;

/**
 * Puts packages in the place of those that were there, all at once. What the session itself put beside them
 * stays, and nothing that code does meanwhile leads anywhere: the old directory is out of its reach first.
 */
export function mergeModules({ fresh, target, replaced }: ModulesMerge): void {
  for (let tried = 1; tried <= MAX_TRIES; tried++) {
    const old = `${replaced}-${tried}`;
    if (moveIfThere(target, old) && isDirectory(old)) keepOthers(old, fresh, 0);
    if (moveUnlessTaken(fresh, target)) return;
  }
  throw new Error(
    "Cannot put the packages into the workspace: node_modules is made again and again",
  );
}

/** Moves what is missing in `fresh`, and so in each of its scopes. */
function keepOthers(old: string, fresh: string, depth: number): void {
  for (const { name, isDirectory: isPlain } of Deno.readDirSync(old)) {
    const from = join(old, name);
    const to = join(fresh, name);
    if (!exists(to)) Deno.renameSync(from, to);
    else if (isPlain && depth === 0 && name.startsWith("@") && isDirectory(to)) {
      keepOthers(from, to, depth + 1);
    }
  }
}

function moveIfThere(from: string, to: string): boolean {
  try {
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** A directory that is there is replaced only while it is empty. */
function moveUnlessTaken(from: string, to: string): boolean {
  try {
    Deno.renameSync(from, to);
    return true;
  } catch (error) {
    if (["ENOTEMPTY", "EEXIST", "ENOTDIR"].includes(errorCode(error) ?? "")) return false;
    throw error;
  }
}

function isDirectory(path: string): boolean {
  return Deno.lstatSync(path).isDirectory;
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
