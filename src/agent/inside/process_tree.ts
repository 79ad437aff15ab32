import type { ProcessInfo } from "./process_list.ts";

/** A process of ours and all it started. */
export interface TreeRoot {
  readonly pid: number;
  /** What its processes carry in their environment, unless they were started with another one. */
  readonly mark: string;
  /** Whether the process itself still runs. */
  readonly rootAlive: boolean;
}

/** What {@linkcode processesOf} looks at. */
export interface TreeView {
  readonly processes: readonly ProcessInfo[];
  /** The process that started the roots. */
  readonly self: number;
  /** The mark of a process, if it can be seen. */
  markOf(pid: number): string | undefined;
  /** Whether a process that belongs to no root may be one of them that lost every trace of it. */
  mayBeOrphan(pid: number): boolean;
}

/**
 * The processes that a root has started, itself first: its descendants, its session and group, what
 * carries its mark; and those that nobody else can be shown to own.
 */
export function processesOf(
  root: TreeRoot,
  others: readonly TreeRoot[],
  view: TreeView,
): number[] {
  const roots = [root, ...others];
  const owners = new Map<number, TreeRoot>();
  const loose = view.processes.filter(({ pid }) => pid !== view.self && pid > 1);
  const self = view.processes.find(({ pid }) => pid === view.self);
  const spread = () => spreadOwners(owners, loose, self);

  for (const info of loose) {
    const owner = roots.find((candidate) => begins(candidate, info));
    if (owner !== undefined) owners.set(info.pid, owner);
  }
  spread();
  for (const { pid } of loose) {
    if (owners.has(pid)) continue;
    const mark = view.markOf(pid);
    const owner = roots.find((candidate) => candidate.mark === mark);
    if (owner !== undefined) owners.set(pid, owner);
  }
  spread();
  for (const { pid } of loose) {
    if (!owners.has(pid) && view.mayBeOrphan(pid)) owners.set(pid, root);
  }
  return loose.filter(({ pid }) => owners.get(pid) === root).map(({ pid }) => pid);
}

function begins(root: TreeRoot, { pid, session, group }: ProcessInfo): boolean {
  // A number that is still a session's or a group's is not given to another process.
  return (root.rootAlive && pid === root.pid) || session === root.pid || group === root.pid;
}

/** Gives to every owner the children, sessions and groups of what it owns, until there are no more. */
function spreadOwners(
  owners: Map<number, TreeRoot>,
  processes: readonly ProcessInfo[],
  self: ProcessInfo | undefined,
): void {
  for (let before = -1; before !== owners.size;) {
    before = owners.size;
    const sessions = new Map<number, TreeRoot>();
    const groups = new Map<number, TreeRoot>();
    for (const { pid, session, group } of processes) {
      const owner = owners.get(pid);
      if (owner === undefined) continue;
      if (session !== self?.session) sessions.set(session, owner);
      if (group !== self?.group) groups.set(group, owner);
    }
    for (const { pid, parent, session, group } of processes) {
      if (owners.has(pid)) continue;
      const owner = owners.get(parent) ?? sessions.get(session) ?? groups.get(group);
      if (owner !== undefined) owners.set(pid, owner);
    }
  }
}
