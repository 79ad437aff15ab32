import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { newProcesses, type Scenario } from "./container_io_suite.ts";
import { shellIn, textOf } from "./run_in.ts";

/** Fills all the room there is, and goes on when there is none. */
const BOMB = "while :; do (while :; do sleep 1000 & done) 2>/dev/null; echo full; done";

/** What limits do to programs, and that they can be told. */
export const limitScenarios: Scenario[] = [
  {
    name: "run() counts processes that were killed for want of memory",
    limits: { memoryLimitMB: 128 },
    test: async ({ io }) => {
      // "tail" keeps a line until it has all of it.
      const result = await shellIn(io, "head -c 800000000 /dev/zero | tail -n 1 | wc -c; exit 9");
      assert(result.oomKills > 0, `${result.oomKills} were killed`);
      const next = await shellIn(io, "echo fine");
      assertEquals([textOf(next.stdout), next.oomKills], ["fine\n", 0]);
    },
  },
  {
    name: "run() counts processes that could not be made",
    limits: { pidsLimit: 32 },
    test: async (subject) => {
      const { io, fixture, id } = subject;
      await shellIn(io, "true");
      const before = await fixture.processes(id);
      const result = await shellIn(
        io,
        "i=0; while [ $i -lt 60 ]; do sleep 1000 & i=$((i+1)); done; exit 0",
      );
      assertNotEquals(result.code, 0);
      assert(result.pidsRefused > 0, `${result.pidsRefused} were refused`);
      assertEquals(await newProcesses(subject, before), []);
      const next = await shellIn(io, "echo fine");
      assertEquals([textOf(next.stdout), next.pidsRefused], ["fine\n", 0]);
    },
  },
  {
    name: "run() stops a program that makes processes without end",
    limits: { pidsLimit: 48 },
    test: async (subject) => {
      const { io, fixture, id } = subject;
      await shellIn(io, "true");
      const before = await fixture.processes(id);
      const abort = new AbortController();
      const result = await shellIn(io, BOMB, {
        signal: abort.signal,
        onStdout: () => abort.abort(),
      });
      assertEquals(result.stopped, true);
      assertEquals(await newProcesses(subject, before), []);
      assertEquals(textOf((await shellIn(io, "echo fine")).stdout), "fine\n");
    },
  },
];
