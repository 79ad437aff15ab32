import { runProgram } from "../testutil/run_program.ts";
import type { RuntimeName } from "./scenario.ts";

/** The command lines of the processes of a sandbox; in Deno sessions of all of the machine. */
export async function commandLines(runtime: RuntimeName, containerId: string): Promise<string[]> {
  const lines = runtime === "docker" ? await inContainer(containerId) : await onMachine();
  // What makes the sandbox has the command line of the program in its own.
  return lines.filter((line) => !line.startsWith("bwrap "));
}

async function inContainer(id: string): Promise<string[]> {
  const { code, stdout, stderr } = await runProgram("docker", ["top", id, "-eo", "pid,args"], {
    timeoutMs: 20_000,
  });
  if (code === 0) return stdout.split("\n").slice(1).map((line) => line.trim());
  // A container that is gone has no processes.
  if (/no such container|is not running/i.test(stderr)) return [];
  throw new Error(`Cannot list the processes of the container: ${stderr}`);
}

async function onMachine(): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      lines.push((await Deno.readTextFile(`/proc/${name}/cmdline`)).replaceAll("\0", " "));
    } catch {
      // It ended meanwhile.
    }
  }
  return lines;
}
