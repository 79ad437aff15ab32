/** What the kernel says of a process. */
export interface ProcessInfo {
  readonly pid: number;
  readonly parent: number;
  readonly group: number;
  readonly session: number;
  /** Such as `R`; `Z` and `X` have ended. */
  readonly state: string;
}

/** What {@linkcode listProcesses} has seen. */
export interface ProcessList {
  /** Every process that has not ended. */
  readonly processes: readonly ProcessInfo[];
  /** Whether none ended while they were looked at: one that did may have started another just before. */
  readonly steady: boolean;
}

/** Looks at every process. */
export function listProcesses(): ProcessList {
  const processes: ProcessInfo[] = [];
  let steady = true;
  for (const { name } of Deno.readDirSync("/proc")) {
    const first = name.charCodeAt(0);
    if (first < 48 || first > 57) continue;
    const info = processInfo(name);
    if (info === undefined) steady = false;
    else if (info.state !== "Z" && info.state !== "X") processes.push(info);
    // Whose parent is the first process stays a zombie only for a moment.
    else if (info.parent === 1) steady = false;
  }
  return { processes, steady };
}

/** The value of a variable in the environment that a process was started with. */
export function processVariable(pid: number, name: string): string | undefined {
  const text = readProcess(`${pid}/environ`) ?? "";
  return text.split("\0").find((entry) => entry.startsWith(`${name}=`))?.slice(name.length + 1);
}

/** The user of a process. */
export function processUser(pid: number): number | undefined {
  // The owner of /proc/<pid> is somebody else if the process does not let itself be looked into.
  const uid = /^Uid:\s+(\d+)/m.exec(readProcess(`${pid}/status`) ?? "")?.[1];
  return uid === undefined ? undefined : Number(uid);
}

function processInfo(pid: string): ProcessInfo | undefined {
  const text = readProcess(`${pid}/stat`);
  if (text === undefined) return undefined;
  // The name may have spaces and brackets in it; no field behind it has.
  const [state = "", parent, group, session] = text.slice(text.lastIndexOf(")") + 2).split(" ", 4);
  return {
    pid: Number(pid),
    parent: Number(parent),
    group: Number(group),
    session: Number(session),
    state,
  };
}

function readProcess(path: string): string | undefined {
  try {
    return Deno.readTextFileSync(`/proc/${path}`);
  } catch {
    // It ended meanwhile, or is not ours.
    return undefined;
  }
}
