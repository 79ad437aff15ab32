import type { KernelSetting } from "./command_line.ts";
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
fi`;

const REMOVE = `
for top in /sys/fs/cgroup /sys/fs/cgroup/memory /sys/fs/cgroup/pids; do
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

/** The control groups of one server, where the system lets it have any. */
export class Cgroups {
  readonly version: CgroupVersion;
  readonly #id: string;

  private constructor(version: CgroupVersion, id: string) {
    this.version = version;
    this.#id = id;
  }

  /** Tries whether groups can be made; undefined if not. */
  static async probe(id: string): Promise<Cgroups | undefined> {
    const { success, stdout } = await runScript(PROBE, [id]);
    const version = stdout.trim();
    return success && (version === "v1" || version === "v2") ? new Cgroups(version, id) : undefined;
  }

  /** Removes the groups of a server that is gone. */
  static async remove(id: string): Promise<void> {
    await runScript(REMOVE, [id]);
  }

  /** The directories of the group called `name`, which somebody else makes and removes. */
  directories(name: string): string[] {
    return this.version === "v2"
      ? [`/sys/fs/cgroup/codebeaker/${this.#id}/${name}`]
      : ["memory", "pids"].map((tree) => `/sys/fs/cgroup/${tree}/codebeaker/${this.#id}/${name}`);
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

  /** Whether the kernel killed a process of the group for its memory. */
  async hadOom(name: string): Promise<boolean> {
    const [memory = ""] = this.directories(name);
    const file = this.version === "v2" ? "memory.events" : "memory.oom_control";
    const { stdout } = await runScript('cat "$1"', [`${memory}/${file}`]);
    return Number(/^oom_kill (\d+)$/m.exec(stdout)?.[1] ?? 0) > 0;
  }

  /** Removes this server's groups; those with processes in them stay. */
  async remove(): Promise<void> {
    await Cgroups.remove(this.#id);
  }
}
