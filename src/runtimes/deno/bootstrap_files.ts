import { join } from "@std/path";
import bootstrap from "./bootstrap/bootstrap.js" with { type: "text" };
import workspacePaths from "./bootstrap/workspace_paths.js" with { type: "text" };

/**
 * Writes what children load before the program into a directory: they cannot read it from inside a
 * compiled server.
 */
export async function writeBootstrapFiles(directory: string): Promise<void> {
  await Deno.mkdir(directory);
  await Deno.writeTextFile(join(directory, "bootstrap.js"), bootstrap);
  await Deno.writeTextFile(join(directory, "workspace_paths.js"), workspacePaths);
}
