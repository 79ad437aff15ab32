import { runProgram } from "./run_program.ts";

/** A process: its id and, so that a reused id is told apart, when it started. */
export interface ProcessEntry {
  readonly pid: number;
  readonly parent: number;
  readonly name: string;
  readonly state: string;
  readonly startTime: string;
}

// Deno lets only --allow-all read below /proc, a shell may.
const LIST_PROCESSES = "cat /proc/[0-9]*/stat 2>/dev/null";

/** Every process of the system. */
export async function listProcesses(): Promise<ProcessEntry[]> {
  const { stdout } = await runProgram("sh", ["-c", LIST_PROCESSES]);
  return stdout.split("\n").flatMap((line) => {
    const match = /^(\d+) \((.*)\) (.*)$/.exec(line);
    if (!match) return [];
    const fields = match[3]!.split(" ");
    const [state = "", parent = "0"] = fields;
    const startTime = fields[19] ?? "";
    return [{
      pid: Number(match[1]),
      name: match[2]!,
      state,
      parent: Number(parent),
      startTime,
    }];
  });
}

/** The children of a process, their children, and so on. */
export async function descendants(pid: number): Promise<ProcessEntry[]> {
  const all = await listProcesses();
  const found: ProcessEntry[] = [];
  const parents = [pid];
  for (const parent of parents) {
    for (const entry of all.filter((process) => process.parent === parent)) {
      found.push(entry);
      parents.push(entry.pid);
    }
  }
  return found;
}

/** Which of these processes still live; one that has ended and waits to be collected does not. */
export async function survivors(
  processes: readonly ProcessEntry[],
): Promise<ProcessEntry[]> {
  const now = new Map(
    (await listProcesses()).map((entry) => [entry.pid, entry]),
  );
  return processes.filter(({ pid, startTime }) => {
    const entry = now.get(pid);
    return entry !== undefined && entry.startTime === startTime &&
      entry.state !== "Z";
  });
}

/** How many file descriptors a process has open. */
export async function openDescriptors(pid: number): Promise<number> {
  const { code, stdout } = await runProgram("sh", [
    "-c",
    'ls "/proc/$1/fd" | wc -l',
    "sh",
    `${pid}`,
  ]);
  if (code !== 0) {
    throw new Error(`Cannot count the descriptors of process ${pid}`);
  }
  return Number(stdout);
}

/** The largest resident size a process has had, in bytes. */
export async function peakMemory(pid: number): Promise<number> {
  const { stdout } = await runProgram("grep", ["VmHWM", `/proc/${pid}/status`]);
  const kibibytes = /(\d+) kB/.exec(stdout)?.[1];
  if (kibibytes === undefined) {
    throw new Error(`Cannot read the memory of process ${pid}`);
  }
  return Number(kibibytes) * 1024;
}
