import { code, ended, execute, process, says, started, step, write } from "./calls.ts";
import { by, type Call, type Scenario, type Step } from "./scenario.ts";

/** A program of five ticks, which waits after the first for whoever reads to have it. */
const TICKS = by({
  docker: `import os, sys, time
sys.stdout.write("tick 1\\n")
while not os.path.exists("go-\${file}"): time.sleep(0.01)
for tick in range(2, 6):
    print("tick", tick, flush=True)
    time.sleep(0.01)`,
  deno: `console.log("tick 1");
const isThere = () => { try { return Deno.statSync("go-\${file}"); } catch { return null; } };
while (isThere() === null) await new Promise((done) => setTimeout(done, 10));
for (let tick = 2; tick < 6; tick++) {
  console.log("tick", tick);
  await new Promise((done) => setTimeout(done, 10));
}`,
});
const ALL_TICKS = "tick 1\ntick 2\ntick 3\ntick 4\ntick 5";
const FIRST_TICK = { stream: "stdout", data: "tick 1\n", seq: 0 };
const goOn: Step = step(write("go-${file}", "", { concurrent: true }), { success: true });

const LINES = 400;
const COUNT = `i=0; while [ $i -lt ${LINES} ]; do echo "line $i äöü🦕"; i=$((i + 1)); ` +
  "[ $((i % 20)) = 0 ] && sleep 0.05; done; true";
const COUNTED = Array.from({ length: LINES }, (_, index) => `line ${index} äöü🦕\n`).join("");

const attachExecution: Call = {
  method: "execution.attach",
  params: { executionId: "$file", seq: 0 },
};

/** Output that is read while a program runs, and what becomes of it when nobody reads. */
export const streamScenarios: readonly Scenario[] = [
  {
    name: "the first of five ticks arrives before the second is there",
    steps: [
      { begin: "ticks", call: code(TICKS, {}, { stream: true, executionId: "$file" }) },
      {
        notified: "session.output",
        params: { sessionId: "$session", executionId: "$file", ...FIRST_TICK },
      },
      step(attachExecution, { state: "running", chunks: [FIRST_TICK] }),
      goOn,
      { answered: "ticks", expect: { result: { status: "ok", result: ALL_TICKS } } },
    ],
    instead: {
      http: {
        because: "Nothing is told over HTTP: whoever wants output early asks for it",
        steps: [
          { begin: "ticks", call: code(TICKS, {}, { stream: true, executionId: "$file" }) },
          {
            until: attachExecution,
            expect: { result: { state: "running", chunks: [FIRST_TICK] } },
          },
          goOn,
          { answered: "ticks", expect: { result: { status: "ok", result: ALL_TICKS } } },
        ],
      },
    },
  },
  {
    name: "a stream that is cut ten times reads the same as one that is not",
    steps: [
      started(COUNT),
      { gather: "$process", connections: 11, expect: COUNTED },
      { gather: "$process", connections: 1, expect: COUNTED },
      ended({ status: "ok", result: { stdout: COUNTED } }),
    ],
  },
  {
    name: "output is told in order, before the end of the process",
    steps: [
      started("echo one; echo two >&2; exit 3", {}, { stream: true }),
      {
        notified: "process.exit",
        params: { processId: "$process", status: "nonzero_exit", exitCode: 3 },
      },
      step(process("attach", { seq: 1 }), { nextSeq: 2, droppedChunks: 0, chunks: ["$any"] }),
    ],
    instead: {
      http: {
        because: "Nothing is told over HTTP: process.wait and process.attach are asked instead",
        steps: [
          started("echo one; echo two >&2; exit 3", {}, { stream: true }),
          ended({ status: "nonzero_exit", exitCode: 3 }),
          step(process("attach", { seq: 1 }), { nextSeq: 2, droppedChunks: 0, chunks: ["$any"] }),
        ],
      },
    },
  },
  {
    name: "output of which not all is kept says where some is missing, and how much",
    steps: [
      started("echo first; head -c 8000000 /dev/zero | tr '\\0' x; echo; echo last"),
      ended({ status: "ok", stdoutBytes: 8_000_012, stdoutTruncated: true }),
      step(process("attach"), {
        state: "ended",
        droppedChunks: "$number",
        nextSeq: "$number",
      }),
    ],
  },
  {
    name: "the result of a command whose caller does not wait is kept",
    steps: [
      step(
        execute(
          { type: "execute_shell", commandName: "sh", args: ["-c", "echo kept; exit 6"] },
          { executionId: "$file" },
        ),
        { exitCode: 6 },
      ),
      step({ method: "execution.get", params: { executionId: "$file" } }, {
        state: "ended",
        status: "nonzero_exit",
        result: { exitCode: 6, result: { stdout: "kept\n" } },
      }),
    ],
  },
  {
    name: "a program whose output nobody reads is not held up",
    steps: [
      started("head -c 20000000 /dev/zero; printf '\\ndone\\n' >&2"),
      says("^done$"),
      ended({ status: "ok", stdoutBytes: 20_000_000 }),
    ],
  },
];
