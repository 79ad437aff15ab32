import type { AgentCounters } from "./protocol.ts";

/** What the control group says now; undefined where it does not. */
export interface CounterValues {
  readonly oomKills: number | undefined;
  readonly pidsMax: number | undefined;
  readonly cpuMs: number | undefined;
  readonly memoryPeakBytes: number | undefined;
}

interface CounterFile {
  readonly path: string;
  readonly pattern: RegExp;
  /** What one is, in our unit. */
  readonly scale?: number;
}

/** Where each stands, in version 2 of control groups and in version 1. */
const FILES: Readonly<Record<keyof AgentCounters | "tasks", readonly CounterFile[]>> = {
  oomKills: [
    { path: "memory.events", pattern: /^oom_kill (\d+)/m },
    { path: "memory/memory.oom_control", pattern: /^oom_kill (\d+)/m },
  ],
  pidsMax: [
    { path: "pids.events", pattern: /^max (\d+)/m },
    { path: "pids/pids.events", pattern: /^max (\d+)/m },
  ],
  cpu: [
    { path: "cpu.stat", pattern: /^usage_usec (\d+)/m, scale: 1e-3 },
    { path: "cpuacct/cpuacct.usage", pattern: /^(\d+)/, scale: 1e-6 },
  ],
  memoryPeak: [
    { path: "memory.peak", pattern: /^(\d+)/ },
    { path: "memory/memory.max_usage_in_bytes", pattern: /^(\d+)/ },
  ],
  tasks: [
    { path: "pids.current", pattern: /^(\d+)/ },
    { path: "pids/pids.current", pattern: /^(\d+)/ },
  ],
};

const decoder = new TextDecoder();

/** What the control group that the agent runs in counts. Files are opened once and read again and again. */
export class Counters implements Disposable {
  readonly #oomKills: Counter | undefined;
  readonly #pidsMax: Counter | undefined;
  readonly #cpu: Counter | undefined;
  readonly #memoryPeak: Counter | undefined;
  readonly #tasks: Counter | undefined;

  /** Opens what there is below `root`. */
  constructor(root = "/sys/fs/cgroup") {
    this.#oomKills = openCounter(root, FILES.oomKills);
    this.#pidsMax = openCounter(root, FILES.pidsMax);
    this.#cpu = openCounter(root, FILES.cpu);
    this.#memoryPeak = openCounter(root, FILES.memoryPeak);
    this.#tasks = openCounter(root, FILES.tasks);
  }

  /** Which of them there are. */
  get present(): AgentCounters {
    return {
      oomKills: this.#oomKills !== undefined,
      pidsMax: this.#pidsMax !== undefined,
      cpu: this.#cpu !== undefined,
      memoryPeak: this.#memoryPeak !== undefined,
    };
  }

  /** Reads all of them. */
  read(): CounterValues {
    return {
      oomKills: this.#oomKills?.read(),
      pidsMax: this.#pidsMax?.read(),
      cpuMs: this.#cpu?.read(),
      memoryPeakBytes: this.#memoryPeak?.read(),
    };
  }

  /** Processes and threads that there are, the ended ones that nobody has collected too. */
  tasks(): number | undefined {
    return this.#tasks?.read();
  }

  /** Closes the files. */
  [Symbol.dispose](): void {
    this.#oomKills?.close();
    this.#pidsMax?.close();
    this.#cpu?.close();
    this.#memoryPeak?.close();
    this.#tasks?.close();
  }
}

/** One open file and the number to find in it. */
class Counter {
  readonly #file: Deno.FsFile;
  readonly #pattern: RegExp;
  readonly #scale: number;
  readonly #buffer = new Uint8Array(2048);

  constructor(file: Deno.FsFile, { pattern, scale = 1 }: CounterFile) {
    this.#file = file;
    this.#pattern = pattern;
    this.#scale = scale;
  }

  read(): number | undefined {
    try {
      this.#file.seekSync(0, Deno.SeekMode.Start);
      const count = this.#file.readSync(this.#buffer) ?? 0;
      const found = this.#pattern.exec(decoder.decode(this.#buffer.subarray(0, count)))?.[1];
      return found === undefined ? undefined : Number(found) * this.#scale;
    } catch {
      // The group went away, or this kernel does not let it be read: not counted.
      return undefined;
    }
  }

  close(): void {
    this.#file.close();
  }
}

function openCounter(root: string, files: readonly CounterFile[]): Counter | undefined {
  for (const file of files) {
    try {
      const counter = new Counter(Deno.openSync(`${root}/${file.path}`), file);
      if (counter.read() !== undefined) return counter;
      counter.close();
    } catch {
      // Not this version of control groups, or not mounted here.
    }
  }
  return undefined;
}
