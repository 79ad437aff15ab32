import { assertEquals } from "@std/assert";
import type { ProcessInfo } from "../../../src/agent/inside/process_list.ts";
import { processesOf, type TreeRoot } from "../../../src/agent/inside/process_tree.ts";

const AGENT: ProcessInfo = { pid: 7, parent: 0, group: 7, session: 7, state: "S" };
const A: TreeRoot = { pid: 100, mark: "a", rootAlive: true };
const B: TreeRoot = { pid: 200, mark: "b", rootAlive: true };

function process(
  pid: number,
  { parent = 1, group = pid, session = pid }: Partial<ProcessInfo> = {},
): ProcessInfo {
  return { pid, parent, group, session, state: "S" };
}

function owned(
  root: TreeRoot,
  processes: readonly ProcessInfo[],
  { others = [] as TreeRoot[], marks = {} as Record<number, string>, orphans = [] as number[] } =
    {},
): number[] {
  return processesOf(root, others, {
    processes: [process(1), AGENT, ...processes],
    self: AGENT.pid,
    markOf: (pid) => marks[pid],
    mayBeOrphan: (pid) => orphans.includes(pid),
  });
}

Deno.test("processesOf() does find a root, its descendants, its session and its group", () => {
  const processes = [
    process(100, { parent: 7 }),
    process(101, { parent: 100 }),
    process(102, { parent: 101 }),
    process(103, { parent: 1, session: 100 }),
    process(104, { parent: 1, group: 100 }),
    process(105),
  ];
  assertEquals(owned(A, processes), [100, 101, 102, 103, 104]);
});

Deno.test("processesOf() does follow sessions and children of what it has found", () => {
  const processes = [
    process(100, { parent: 7 }),
    process(101, { parent: 100 }),
    process(102, { parent: 1, session: 101 }),
    process(103, { parent: 102 }),
  ];
  assertEquals(owned(A, processes), [100, 101, 102, 103]);
});

Deno.test("processesOf() does find by its mark what left the session and lost its parent", () => {
  const processes = [process(300), process(301, { parent: 300 }), process(302)];
  assertEquals(owned({ ...A, rootAlive: false }, processes, { marks: { 300: "a" } }), [300, 301]);
});

Deno.test("processesOf() does leave to others what is theirs", () => {
  const processes = [
    process(100, { parent: 7 }),
    process(200, { parent: 7 }),
    process(201, { parent: 200 }),
    process(300),
    process(301),
  ];
  const options = { others: [B], marks: { 300: "b" }, orphans: [201, 300, 301] };
  assertEquals(owned(A, processes, options), [100, 301]);
});

Deno.test("processesOf() does never name the agent, the first process or what shares the agent's session", () => {
  const processes = [
    // Between its start and the beginning of its own session.
    process(100, { parent: 7, session: 7, group: 7 }),
    process(50, { session: 7, group: 7 }),
  ];
  const options = { marks: { 1: "a", 7: "a" }, orphans: [1, 7] };
  assertEquals(owned(A, processes, options), [100]);
});

Deno.test("processesOf() does not take a process for the root that has got the number of one that ended", () => {
  const processes = [process(100, { session: 60, group: 60 })];
  assertEquals(owned({ ...A, rootAlive: false }, processes), []);
});
