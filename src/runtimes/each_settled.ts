import { CommandError } from "../errors.ts";

/** Does the same with several paths at once; those for which it fails have the error in their place. */
export async function eachSettled<T>(
  paths: readonly string[],
  action: (path: string) => Promise<T>,
): Promise<(T | CommandError)[]> {
  return await Promise.all(paths.map(async (path) => {
    try {
      return await action(path);
    } catch (error) {
      if (error instanceof CommandError) return error;
      throw error;
    }
  }));
}
