import { execute, refused, step, write } from "./calls.ts";
import type { Call, Scenario, Step } from "./scenario.ts";

type Batch = readonly Record<string, unknown>[];

function method(name: string, params: Record<string, unknown> = {}): Call {
  return { method: `watch.${name}`, params: { sessionId: "$session", ...params } };
}

function attach(seq: number): Call {
  return method("attach", { watchId: "$watch", seq, stream: false });
}

function watching(params: Record<string, unknown> = {}): Step {
  const made = { watchId: "$id", sessionId: "$session", state: "active", nextSeq: 0 };
  return step(method("create", params), made, { watch: "/result/watchId" });
}

function event(kind: string, path: string, type = "file"): Record<string, unknown> {
  return { kind, path: `/workspace/${path}`, type };
}

/** Asks until the batches from a number on are these. */
function tells(seq: number, ...batches: readonly Batch[]): Step {
  const expected = batches.map((events, index) => ({ seq: seq + index, events }));
  return {
    until: attach(seq),
    expect: {
      result: { droppedBatches: 0, nextSeq: seq + batches.length, batches: expected },
    },
  };
}

const makeDirectory = (path: string) => execute({ type: "create_directory", path });
const remove = (path: string) => execute({ type: "delete_file", path, recursive: true });
const done = { success: true };

/** Changes of files, as a session's watches tell of them. */
export const watchScenarios: readonly Scenario[] = [
  {
    name: "a watch tells of what is made, changed, moved and removed, in new directories too",
    session: { files: { "known": "1" } },
    steps: [
      watching(),
      step(write("one", ""), done),
      tells(0, [event("created", "one")]),
      step(write("known", "2"), done),
      tells(1, [event("modified", "known")]),
      // A directory made after the start, and one made in that, are watched like any other.
      step(makeDirectory("late"), done),
      tells(2, [event("created", "late", "directory")]),
      step(makeDirectory("late/later"), done),
      tells(3, [event("created", "late/later", "directory")]),
      step(write("late/later/file", ""), done),
      tells(4, [event("created", "late/later/file")]),
      step(
        execute({ type: "move_file", sourcePath: "one", destinationPath: "late/later/one" }),
        done,
      ),
      tells(5, [{ ...event("renamed", "late/later/one"), from: "/workspace/one" }]),
      step(remove("late/later/one"), done),
      tells(6, [event("removed", "late/later/one")]),
    ],
  },
  {
    name: "a watch is taken up again from any batch that is kept, on another connection too",
    session: {},
    steps: [
      watching(),
      step(write("one", ""), done),
      tells(0, [event("created", "one")]),
      step(write("two", ""), done),
      tells(1, [event("created", "two")]),
      {
        ...step(attach(0), {
          nextSeq: 2,
          droppedBatches: 0,
          batches: [
            { seq: 0, events: [event("created", "one")] },
            { seq: 1, events: [event("created", "two")] },
          ],
        }),
        anew: true,
      },
      { ...step(attach(1), { batches: [{ seq: 1 }] }), anew: true },
      step(attach(2), { batches: [], nextSeq: 2 }),
      step(method("list"), { count: 1, watches: [{ watchId: "$watch" }] }),
      step(method("delete", { watchId: "$watch" }), { deleted: true }),
      refused(attach(0), { code: -32001, data: { reason: "watch_not_found" } }),
    ],
  },
  {
    name: "a watch tells its connection without being asked",
    session: {},
    steps: [
      watching(),
      step(write("told", ""), done),
      {
        notified: "watch.event",
        params: {
          sessionId: "$session",
          watchId: "$watch",
          seq: 0,
          events: [event("created", "told")],
        },
      },
    ],
    instead: {
      http: {
        because: "Nothing is told over HTTP: watch.attach is asked instead",
        steps: [watching(), step(write("told", ""), done), tells(0, [event("created", "told")])],
      },
    },
  },
  {
    name: "a watch leaves out what it is told to, and ends with its directory",
    session: { files: { "top/node_modules/package/file": "" } },
    steps: [
      watching({ path: "top", exclude: ["node_modules", "*.log"] }),
      step(write("top/node_modules/package/file", "1"), done),
      step(write("top/some.log", ""), done),
      step(write("top/some.txt", ""), done),
      tells(0, [event("created", "top/some.txt")]),
      step(remove("top"), done),
      {
        until: attach(0),
        expect: { result: { state: "ended", ended: { reason: "removed" } } },
      },
    ],
  },
  {
    name: "a watch of what is no directory of the workspace is refused",
    session: { files: { "file": "" } },
    steps: ["missing", "file", "../etc", "/etc"].map((path) =>
      refused(method("create", { path }), { code: -32602, data: { reason: "invalid_params" } })
    ),
  },
];
