import { mayRun } from "./libc.ts";

/** What was found where a program should be. */
export interface FoundProgram {
  readonly path: string;
  /** What keeps it from being run. */
  readonly problem: "directory" | "not_executable" | "not_reachable" | undefined;
}

/** Where a program is looked for. */
export interface SearchPlace {
  readonly cwd: string;
  /** The directories, with `:` between them. */
  readonly path: string;
}

/**
 * Finds a program by its name or path, as `execvp` does: the first that can be run, else the first that is
 * there at all; undefined if there is none.
 */
export function findProgram(program: string, { cwd, path }: SearchPlace): FoundProgram | undefined {
  if (program === "") return undefined;
  if (program.includes("/")) return examine(absolute(program, cwd));
  const candidates = path.split(":")
    .map((directory) => `${absolute(directory || ".", cwd)}/${program}`);
  for (const candidate of candidates) {
    // Most are not there, which is cheaper to hear than to have thrown.
    const found = mayRun(candidate) ? examine(candidate) : undefined;
    if (found !== undefined && found.problem === undefined) return found;
  }
  return candidates.map(examine).find((found) => found?.problem === "not_executable");
}

function absolute(path: string, cwd: string): string {
  return path.startsWith("/") ? path : `${cwd}/${path}`;
}

function examine(path: string): FoundProgram | undefined {
  try {
    const { isFile, isDirectory, mode } = Deno.statSync(path);
    if (isDirectory) return { path, problem: "directory" };
    const runs = isFile && ((mode ?? 0) & 0o111) !== 0;
    return { path, problem: runs ? undefined : "not_executable" };
  } catch (error) {
    return error instanceof Deno.errors.PermissionDenied
      ? { path, problem: "not_reachable" }
      : undefined;
  }
}
