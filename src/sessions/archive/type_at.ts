import { CommandError } from "../../errors.ts";
import type { Entry } from "../../protocol/entry.ts";
import type { SandboxFiles } from "../../runtimes/runtime.ts";

/** What is at a path, a symlink at its end not followed; undefined if nothing is. */
export async function typeAt(
  files: Pick<SandboxFiles, "info">,
  path: string,
): Promise<Entry["type"] | undefined> {
  try {
    return (await files.info(path)).type;
  } catch (error) {
    if (error instanceof CommandError && error.reason === "ENOENT") return undefined;
    throw error;
  }
}
