import { assert, assertEquals } from "@std/assert";
import type { ContainerIo } from "../../src/runtimes/docker/container_io.ts";
import type { ProcessControl } from "../../src/runtimes/runtime.ts";
import { until, within } from "../testutil/within.ts";
import { type IoCase, newProcesses, type Scenario } from "./container_io_suite.ts";
import type { SeenProcess } from "./engine_fixture.ts";
import { bytesOf, type RunInOptions, type RunResult, shellIn, textOf } from "./run_in.ts";

const WAIT_MS = 20_000;

/** A shell script that runs in the background. */
interface Background {
  readonly control: ProcessControl;
  readonly end: Promise<RunResult>;
  readonly text: () => string;
  said(word: string): Promise<void>;
}

async function background(
  io: ContainerIo,
  script: string,
  options: RunInOptions = {},
): Promise<Background> {
  const started = Promise.withResolvers<ProcessControl>();
  let text = "";
  const end = shellIn(io, script, {
    background: true,
    keepStdin: true,
    started: started.resolve,
    onStdout: (all) => text = all,
    ...options,
  });
  end.catch(started.reject);
  return {
    control: await within(started.promise, WAIT_MS, "the start"),
    end,
    text: () => text,
    said: (word) => until(() => text.includes(word), WAIT_MS, word),
  };
}

/** What is there before, with whatever drives the container. */
async function processes({ io, fixture, id }: IoCase): Promise<SeenProcess[]> {
  await shellIn(io, "true");
  return await fixture.processes(id);
}

/** Programs that run beside others, and what can be done with them. */
export const backgroundScenarios: Scenario[] = [
  {
    name: "run() in the background goes on beside others, with its id and its input",
    test: async ({ io }) => {
      const script = 'echo "id $$"; while read -r line; do echo "<$line>"; done; echo end; exit 3';
      const { control, end, said, text } = await background(io, script);
      await said("id ");
      assertEquals(text(), `id ${control.pid}\n`);
      for (const word of ["one", "two"]) {
        const other = await shellIn(io, `echo ${word}; sleep 1000 >/dev/null 2>&1 &`);
        assertEquals([other.code, textOf(other.stdout)], [0, `${word}\n`]);
        assertEquals(other.alone, false);
        await control.write(bytesOf(`${word}\n`));
        await said(`<${word}>`);
      }
      await control.closeStdin();
      const { code, signal, stopped, alone } = await end;
      assertEquals([code, signal, stopped, alone], [3, null, false, false]);
      assert(text().endsWith("end\n"));
      assertEquals((await shellIn(io, "true")).alone, true);
    },
  },
  {
    name: "run() in the background takes signals, for itself and for its group",
    test: async ({ io }) => {
      const script = `trap 'echo parent' USR1
sh -c 'trap "echo child" USR1; echo ready; while :; do sleep 0.05; done' &
while :; do sleep 0.05; done`;
      const { control, end, said, text } = await background(io, script);
      const other = await background(io, "trap 'echo other' USR1; echo ready; read -r line");
      await Promise.all([said("ready"), other.said("ready")]);
      await control.signal("SIGUSR1", "process");
      await said("parent");
      assert(!text().includes("child"));
      await control.signal("SIGUSR1", "group");
      await said("child");
      await until(() => text().split("parent").length === 3, WAIT_MS, "the parent again");
      assertEquals(other.text(), "ready\n");
      await control.signal("SIGSTOP", "process");
      await control.signal("SIGCONT", "process");
      await control.signal("SIGKILL", "group");
      const { code, signal, stopped } = await end;
      assertEquals([code, signal, stopped], [null, "SIGKILL", false]);
      await other.control.signal("SIGINT", "process");
      assertEquals((await other.end).signal, "SIGINT");
    },
  },
  {
    name: "run() in the background lasts as long as something has its output open",
    test: async (subject) => {
      const { io } = subject;
      const before = await processes(subject);
      const script =
        "(sleep 3; echo late; sleep 0.3; echo err >&2) & sleep 1000 >/dev/null 2>&1 & " +
        "echo first";
      const { end } = await background(io, script);
      const { code, stdout, stderr } = await end;
      assertEquals([code, textOf(stdout), textOf(stderr)], [0, "first\nlate\n", "err\n"]);
      assertEquals(await newProcesses(subject, before), []);
    },
  },
  {
    name: "run() in the background is stopped with all that it started, and nothing else",
    test: async (subject) => {
      const { io } = subject;
      const before = await processes(subject);
      const first = new AbortController();
      const script = "sleep 1001 & sleep 1001 & echo ready; wait";
      const one = await background(io, script, { signal: first.signal });
      const two = await background(io, "echo ready; read -r line; echo $line; exit 5");
      await Promise.all([one.said("ready"), two.said("ready")]);
      first.abort();
      assertEquals((await one.end).stopped, true);
      const left = await newProcesses(subject, before);
      assertEquals(left.filter((name) => name === "sleep"), []);
      await two.control.write(bytesOf("still\n"));
      await two.said("still");
      assertEquals((await two.end).code, 5);
      const gone = two.control;
      await gone.write(bytesOf("unheard\n"));
      await gone.closeStdin();
    },
  },
];
