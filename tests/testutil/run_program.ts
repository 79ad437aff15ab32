import { within } from "./within.ts";

/** How a program ended and what it wrote. */
export interface ProgramOutput {
  code: number;
  stdout: string;
  stderr: string;
}

/** Options of {@linkcode runProgram}. */
export interface RunProgramOptions {
  /** All of its environment; without it, that of the test. */
  env?: Record<string, string>;
  /** Where it starts. */
  cwd?: string;
  /** Milliseconds until it is killed. @default {60_000} */
  timeoutMs?: number;
}

/** Runs a program to its end. A program that cannot be started has code 127, one that takes too long is killed. */
export async function runProgram(
  command: string,
  args: readonly string[],
  options: RunProgramOptions = {},
): Promise<ProgramOutput> {
  const { env, cwd, timeoutMs = 60_000 } = options;
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(command, {
      args: [...args],
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
      ...(env && { env, clearEnv: true }),
      ...(cwd && { cwd }),
    }).spawn();
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      return { code: 127, stdout: "", stderr: error.message };
    }
    throw error;
  }
  const ended = child.output();
  try {
    const { code, stdout, stderr } = await within(
      ended,
      timeoutMs,
      `${command} to end`,
    );
    return { code, stdout: decode(stdout), stderr: decode(stderr) };
  } catch (error) {
    child.kill("SIGKILL");
    await ended;
    throw error;
  }
}

function decode(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}
