import { LAUNCH_TOKEN } from "./launch_token.ts";

/** A path that no system starts. */
const NOT_A_PROGRAM = "/";

const token = new TextEncoder().encode(LAUNCH_TOKEN);

/**
 * Looks for the launcher at a path and tries whether it runs here; undefined if there is none that does.
 * It is tried with a program that cannot be started, which it has to report.
 */
export async function findLauncher(path: string): Promise<string | undefined> {
  try {
    const command = new Deno.Command(path, {
      args: ["", NOT_A_PROGRAM, NOT_A_PROGRAM],
      clearEnv: true,
      cwd: "/",
      stdin: "null",
    });
    const { code, stderr } = await command.output();
    return code !== 0 && isLaunchFailure(stderr) ? path : undefined;
  } catch {
    // Not there, or for another machine.
    return undefined;
  }
}

/** Whether this is what the launcher writes when it cannot start a program. */
export function isLaunchFailure(bytes: Uint8Array): boolean {
  return bytes.length === token.length && bytes.every((byte, index) => byte === token[index]);
}
