import { assert, assertEquals, assertRejects } from "@std/assert";
import { ContainerIoLost } from "../../src/runtimes/docker/container_io.ts";
import { within } from "../testutil/within.ts";
import { newProcesses, type Scenario } from "./container_io_suite.ts";
import { type RunResult, shellIn, textOf } from "./run_in.ts";

/** What runs on whatever it is told, in all the ways there are to get away from whoever watches. */
const CLINGING = `trap '' TERM HUP INT
(trap '' TERM; setsid sh -c 'while :; do sleep 1; done' </dev/null >/dev/null 2>&1 &)
(env -i setsid /bin/sleep 1000 &)
(setsid sh -c 'sleep 1000 & sleep 1000 & sleep 1000' &)
sleep 1000 &
`;

/** The ends of programs: their own, ours, and what they leave behind. */
export const endScenarios: Scenario[] = [
  {
    name: "run() ends everything that a program started when it is stopped",
    test: async (subject) => {
      const before = await quiet(subject);
      const result = await stopped(subject.io, `${CLINGING} echo ready; while :; do sleep 1; done`);
      assertEquals(result.stopped, true);
      assertEquals(await newProcesses(subject, before), []);
    },
  },
  {
    name: "run() lets a program that is stopped end by itself",
    test: async (subject) => {
      await quiet(subject);
      const result = await stopped(
        subject.io,
        "trap 'echo last words; exit 3' TERM; echo ready; while :; do sleep 0.1; done",
      );
      assertEquals(result.stopped, true);
      assertEquals(textOf(result.stdout), "ready\nlast words\n");
    },
  },
  {
    name: "run() is stopped before it begins if it is aborted then",
    test: async (subject) => {
      const result = await shellIn(subject.io, "echo never", { signal: AbortSignal.abort() });
      assertEquals([result.stopped, textOf(result.stdout)], [true, ""]);
    },
  },
  {
    name: "run() ends what a program left behind, which holds its output open",
    test: async (subject) => {
      const before = await quiet(subject);
      const result = await shellIn(subject.io, `${CLINGING} echo done; exit 4`);
      assertEquals([result.code, result.stopped, textOf(result.stdout)], [4, false, "done\n"]);
      assertEquals(await newProcesses(subject, before), []);
    },
  },
  {
    name: "run() ends a program that ends everything else of its user",
    test: async (subject) => {
      const before = await quiet(subject);
      const run = shellIn(subject.io, "sleep 1000 & kill -9 -1; sleep 0.2; echo alone");
      await orLost(subject, run);
      assertEquals(await sleepers(subject, before), []);
    },
  },
  {
    name: "run() ends a program that halts everything of its user",
    test: async (subject) => {
      const before = await quiet(subject);
      const script = "(setsid sleep 1000 &); echo ready; while :; do kill -STOP -1; done";
      const result = await orLost(subject, stopped(subject.io, script));
      assert(result === undefined || result.stopped);
      assertEquals(await sleepers(subject, before), []);
    },
  },
  {
    name: "run() ends one of several programs and what it left, and no other",
    test: async (subject) => {
      const { io } = subject;
      const before = await quiet(subject);
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const abort = new AbortController();
      const long = shellIn(io, "echo ready; sleep 1000; echo never", {
        signal: abort.signal,
        onStdout: () => resolve(),
      });
      await ready;
      const other = await shellIn(
        io,
        "(setsid sleep 900 &); sleep 901 & (ulimit -m 9; env -i setsid sleep 902 &); echo done; exit 5",
      );
      assertEquals([other.code, textOf(other.stdout)], [5, "done\n"]);
      const { promise: third, resolve: resolveThird } = Promise.withResolvers<void>();
      const going = shellIn(io, "echo ready; while [ ! -e go ]; do sleep 0.1; done; exit 6", {
        onStdout: () => resolveThird(),
      });
      await third;
      abort.abort();
      assertEquals((await long).stopped, true);
      await io.files.write("go", new Uint8Array(0));
      assertEquals((await going).code, 6);
      assertEquals(await newProcesses(subject, before), []);
    },
  },
  {
    name: "dispose ends what runs",
    test: async (subject) => {
      const before = await quiet(subject);
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const run = shellIn(subject.io, `${CLINGING} echo ready; sleep 1000`, {
        onStdout: () => resolve(),
      });
      const settled = run.then(
        ({ stopped }) => stopped,
        (error) => error instanceof ContainerIoLost,
      );
      await ready;
      await subject.io[Symbol.asyncDispose]();
      assertEquals(await within(settled, 20_000, "the run to end"), true);
      assertEquals(await newProcesses(subject, before), []);
    },
  },
  {
    name: "run() and files say so when the container is gone",
    test: async ({ io, fixture, id }) => {
      const { promise: ready, resolve } = Promise.withResolvers<void>();
      const run = shellIn(io, "echo ready; sleep 1000", { onStdout: () => resolve() });
      const lost = assertRejects(() => run, ContainerIoLost);
      await ready;
      await fixture.remove(id);
      await within(lost, 30_000, "the run to be lost");
      await within(io.lost, 30_000, "the loss to be known");
      await assertRejects(() => io.files.info("."), ContainerIoLost);
      await assertRejects(() => shellIn(io, "echo never"), ContainerIoLost);
    },
  },
];

type Subject = Parameters<Scenario["test"]>[0];

/** Once whatever drives the container is up: the processes that are always there. */
async function quiet({ io, fixture, id }: Subject) {
  assertEquals((await shellIn(io, "true")).code, 0);
  return await fixture.processes(id);
}

/**
 * What came of a run that may have taken whoever drives the container along; who drives it next ends what
 * it left.
 */
async function orLost(subject: Subject, run: Promise<RunResult>): Promise<RunResult | undefined> {
  try {
    return await run;
  } catch (error) {
    if (!(error instanceof ContainerIoLost)) throw error;
    await within(subject.io.lost, 30_000, "the loss to be known");
    await using next = await subject.reconnect();
    assertEquals(textOf((await shellIn(next, "echo fine")).stdout), "fine\n");
    return undefined;
  }
}

/** What is left of the program, beside what drives the container. */
async function sleepers(...args: Parameters<typeof newProcesses>): Promise<string[]> {
  return (await newProcesses(...args)).filter((name) => name === "sleep");
}

/** Runs a script and stops it when it says that it is ready. */
async function stopped(io: Subject["io"], script: string): Promise<RunResult> {
  const abort = new AbortController();
  const result = await shellIn(io, script, {
    signal: abort.signal,
    onStdout: (text) => text.includes("ready\n") && abort.abort(),
  });
  assert(abort.signal.aborted, "It ended before it was ready");
  return result;
}
