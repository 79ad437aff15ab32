/** What a script printed and whether it succeeded. */
export interface ScriptResult {
  readonly success: boolean;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a fixed shell script of ours to its end. Values are passed as arguments, never as its text. It
 * does what Deno has no call for: pipes with names, and kernel files that scoped permissions exclude.
 */
export async function runScript(script: string, args: readonly string[]): Promise<ScriptResult> {
  const { success, stdout, stderr } = await new Deno.Command("/bin/sh", {
    args: ["-c", script, "sh", ...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const decoder = new TextDecoder();
  return { success, stdout: decoder.decode(stdout), stderr: decoder.decode(stderr) };
}
