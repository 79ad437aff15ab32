/** What a process and all its descendants are at one moment. */
export interface ProcessUsage {
  /** Resident memory of the process itself, in bytes. */
  readonly rssBytes: number;
  /** How many processes descend from it. */
  readonly descendants: number;
}

/** Asks the system about a process; `ps` answers on Linux and macOS alike. */
export async function readProcessUsage(pid: number): Promise<ProcessUsage> {
  const { stdout } = await new Deno.Command("ps", {
    args: ["-A", "-o", "pid=,ppid=,rss="],
    stdin: "null",
    stderr: "null",
  }).output();
  const processes = parseProcesses(new TextDecoder().decode(stdout));
  const self = processes.find((process) => process.pid === pid);
  if (self === undefined) {
    throw new Error(`Cannot read the memory of process ${pid}: it has ended`);
  }
  return {
    rssBytes: self.rssBytes,
    descendants: countDescendants(processes, pid),
  };
}

interface Process {
  readonly pid: number;
  readonly parent: number;
  readonly rssBytes: number;
}

function parseProcesses(text: string): Process[] {
  return text.trim().split("\n").map((line) => {
    const [pid = 0, parent = 0, kibibytes = 0] = line.trim().split(/\s+/).map(
      Number,
    );
    return { pid, parent, rssBytes: kibibytes * 1024 };
  });
}

function countDescendants(processes: readonly Process[], root: number): number {
  const family = new Set([root]);
  for (let before = 0; before !== family.size;) {
    before = family.size;
    for (const { pid, parent } of processes) {
      if (family.has(parent)) family.add(pid);
    }
  }
  return family.size - 1;
}
