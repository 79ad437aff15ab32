import type { KernelSetting } from "./command_line.ts";
import { KernelReader, NAME } from "./kernel_reader.ts";
import { runScript } from "./run_script.ts";

/** The interface of the kernel's control groups: one tree of version 2, or a tree a controller of version 1. */
export type CgroupVersion = "v1" | "v2";

// Version 2 distributes controllers from the root down; both versions are tried for real, with a process.
const PROBE = `
set -e
if [ -f /sys/fs/cgroup/cgroup.controllers ]; then
  base=/sys/fs/cgroup/codebeaker; mkdir -p "$base"
  echo "+memory +pids" > /sys/fs/cgroup/cgroup.subtree_control
  echo "+memory +pids" > "$base/cgroup.subtree_control"
  mkdir "$base/$1"; echo "+memory +pids" > "$base/$1/cgroup.subtree_control"
  mkdir "$base/$1/probe"; echo 67108864 > "$base/$1/probe/memory.max"; echo 64 > "$base/$1/probe/pids.max"
  (echo 0 > "$base/$1/probe/cgroup.procs"); rmdir "$base/$1/probe"; echo v2
else
  mkdir -p /sys/fs/cgroup/memory/codebeaker/"$1" /sys/fs/cgroup/pids/codebeaker/"$1"
  probe=/sys/fs/cgroup/memory/codebeaker/"$1"/probe; mkdir "$probe"
  echo 67108864 > "$probe/memory.limit_in_bytes"
  sh -c 'echo 0 > "$1/cgroup.procs"' sh "$probe"; rmdir "$probe"; echo v1
  mkdir -p /sys/fs/cgroup/cpuacct/codebeaker/"$1" 2>/dev/null && echo cpuacct
fi; true`;

const REMOVE = `
for top in /sys/fs/cgroup /sys/fs/cgroup/memory /sys/fs/cgroup/pids /sys/fs/cgroup/cpuacct; do
  [ -d "$top/codebeaker/$1" ] || continue
  rmdir "$top/codebeaker/$1"/*/ 2>/dev/null; rmdir "$top/codebeaker/$1"
done; true`;

/** Limits of one group. */
export interface GroupLimits {
  /** Memory of all processes together, swap included, in bytes. */
  readonly memoryBytes: number;
  /** Processes and threads at the same time. */
  readonly pids: number;
}

/** What the kernel has counted of a group since it was made; what it does not tell is left out. */
export interface GroupCounters {
  /** Processes that it killed for want of memory. */
  readonly oomKills: number;
  /** Processes and threads that it did not let be made. */
  readonly pidsRefused: number;
  /** The most memory in use at a time. */
  readonly memoryPeakBytes?: number | undefined;
  /** CPU time. */
  readonly cpuMs?: number | undefined;
}

interface CounterFile {
  /** Which of the group's directories has it. */
  readonly directory: number;
  readonly file: string;
  readonly pattern: RegExp;
  /** What one is, in our unit. */
  readonly scale?: number;
}

const COUNTERS: Record<CgroupVersion, Record<keyof GroupCounters, CounterFile>> = {
  v1: {
    oomKills: { directory: 0, file: "memory.oom_control", pattern: /^oom_kill (\d+)$/m },
    pidsRefused: { directory: 1, file: "pids.events", pattern: /^max (\d+)$/m },
    memoryPeakBytes: { directory: 0, file: "memory.max_usage_in_bytes", pattern: /^(\d+)$/m },
    cpuMs: { directory: 2, file: "cpuacct.usage", pattern: /^(\d+)$/m, scale: 1e-6 },
  },
  v2: {
    oomKills: { directory: 0, file: "memory.events", pattern: /^oom_kill (\d+)$/m },
    pidsRefused: { directory: 0, file: "pids.events", pattern: /^max (\d+)$/m },
    memoryPeakBytes: { directory: 0, file: "memory.peak", pattern: /^(\d+)$/m },
    cpuMs: { directory: 0, file: "cpu.stat", pattern: /^usage_usec (\d+)$/m, scale: 1e-3 },
  },
};

/** The control groups of one server, where the system lets it have any. */
export class Cgroups {
  readonly version: CgroupVersion;
  readonly #id: string;
  /** The trees of version 1. */
  readonly #trees: readonly string[];
  readonly #reader: KernelReader;
  /** The counters that the reader answers, in its order. */
  readonly #counters: readonly (CounterFile & { readonly key: string })[];

  private constructor(version: CgroupVersion, id: string, trees: readonly string[]) {
    this.version = version;
    this.#id = id;
    this.#trees = trees;
    const directories = this.directories(NAME);
    this.#counters = Object.entries(COUNTERS[version])
      .map(([key, file]) => ({ key, ...file }))
      .filter(({ directory }) => directories[directory] !== undefined);
    const paths = this.#counters.map(({ directory, file }) => `${directories[directory]}/${file}`);
    this.#reader = new KernelReader(paths);
  }

  /** Tries whether groups can be made; undefined if not. */
  static async probe(id: string): Promise<Cgroups | undefined> {
    const { success, stdout } = await runScript(PROBE, [id]);
    const [version, ...more] = stdout.trim().split("\n");
    if (!success || (version !== "v1" && version !== "v2")) return undefined;
    return new Cgroups(version, id, ["memory", "pids", ...more]);
  }

  /** Removes the groups of a server that is gone. */
  static async remove(id: string): Promise<void> {
    await runScript(REMOVE, [id]);
  }

  /** The directories of the group called `name`, which somebody else makes and removes. */
  directories(name: string): string[] {
    return this.version === "v2"
      ? [`/sys/fs/cgroup/codebeaker/${this.#id}/${name}`]
      : this.#trees.map((tree) => `/sys/fs/cgroup/${tree}/codebeaker/${this.#id}/${name}`);
  }

  /** What a process writes to limit the group and to enter it. */
  enter(name: string, limits: GroupLimits): KernelSetting[] {
    const directories = this.directories(name);
    const [memory = "", pids = memory] = directories;
    const bytes = String(limits.memoryBytes);
    return [
      ...(this.version === "v2"
        ? [{ path: `${memory}/memory.max`, value: bytes }]
        : [{ path: `${memory}/memory.limit_in_bytes`, value: bytes }]),
      { path: `${pids}/pids.max`, value: String(limits.pids) },
      ...directories.map((directory) => ({ path: `${directory}/cgroup.procs`, value: "0" })),
    ];
  }

  /** What the kernel has counted of a group. */
  async counters(name: string): Promise<GroupCounters> {
    const texts = await this.#reader.read(name);
    const counted = this.#counters.flatMap(({ key, pattern, scale = 1 }, index) => {
      const found = pattern.exec(texts[index] ?? "")?.[1];
      return found === undefined ? [] : [[key, Number(found) * scale]];
    });
    return { oomKills: 0, pidsRefused: 0, ...Object.fromEntries(counted) };
  }

  /** Removes this server's groups; those with processes in them stay. */
  async remove(): Promise<void> {
    await this.#reader[Symbol.asyncDispose]();
    await Cgroups.remove(this.#id);
  }
}
