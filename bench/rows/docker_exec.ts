import type { BenchClient } from "../_client.ts";
import { createDockerSession, startDockerBench } from "../_docker_bench.ts";
import { engineExec, type ProgramResult } from "../_engine_exec.ts";
import {
  type BenchContext,
  type BenchRow,
  finishRow,
  interleave,
  type RowResult,
} from "../_harness.ts";
import { restUntilSpare } from "../_spares.ts";
import { summarize } from "../_statistics.ts";
import { timed } from "../_timing.ts";

/** What both sides run, and what it must print. */
interface BenchProgram {
  readonly argv: readonly [string, ...string[]];
  readonly stdout: string;
}

const TRUE: BenchProgram = { argv: ["/bin/true"], stdout: "" };
const PYTHON: BenchProgram = {
  argv: ["python3", "-c", "print('Hello from Python!')"],
  stdout: "Hello from Python!\n",
};
/** Rest before each block, for what the other side left running in the engine, in milliseconds. */
const REST_MS = 50;
/** Measurements of one side before it is the other's turn. */
const BLOCK = 25;
/** How often one shell runs the program, to find out what the program itself takes. */
const BARE_RUNS = 10;
/** How often that is done, before the rounds and again behind them. */
const BARE_LOOKS = 10;
const REACH = { atMost: 1 / 15 };
const AGAINST = "the engine's exec endpoint in the same container";

/** A program that does nothing: all that is measured is the way to it. */
export const execTrue: BenchRow = {
  id: "true",
  summary: "execute_shell of /bin/true",
  run: (context) =>
    measureExec(context, {
      id: "true",
      title: "`execute_shell` of `/bin/true`, to its exit code",
      program: TRUE,
    }),
};

/** A small program that takes time of its own. */
export const execPython: BenchRow = {
  id: "python",
  summary: "execute_shell of a Python hello",
  run: (context) =>
    measureExec(context, {
      id: "python",
      title: "`execute_shell` of `python3 -c` that prints a line, to its exit code and output",
      program: PYTHON,
    }),
};

/** The same without the time of its own, which is the same on both sides. */
export const execPythonAdded: BenchRow = {
  id: "python-added",
  summary: "the same, less the time that Python itself takes",
  run: (context) =>
    measureExec(context, {
      id: "python-added",
      title: "The same, less the time that Python itself takes, on both sides",
      program: PYTHON,
      lessBare: true,
    }),
};

interface ExecRow {
  readonly id: string;
  readonly title: string;
  readonly program: BenchProgram;
  /** Whether what the program takes by itself is taken off the figures. @default {false} */
  readonly lessBare?: boolean;
}

async function measureExec(context: BenchContext, row: ExecRow): Promise<RowResult> {
  const { id, title, program, lessBare = false } = row;
  const { signal, quick } = context;
  await using bench = await startDockerBench(context, { spares: 1 });
  const { client, engine } = bench;
  const { sessionId, containerId } = await createDockerSession(client);
  await restUntilSpare(client, signal, "docker");
  const bare: number[] = [];
  const takeBare = async () => {
    if (program === TRUE) return;
    for (let looks = 0; looks < BARE_LOOKS; looks++) {
      bare.push(await measureBare(client, sessionId, program));
    }
  };
  const ours = () =>
    timed(async () => check(await shell(client, sessionId, program.argv), program));
  const baseline = () =>
    timed(async () => check(await engineExec(engine, containerId, program.argv, signal), program));
  await takeBare();
  const figures = await interleave(context, { ours, baseline }, {
    rounds: quick ? 25 : 150,
    block: BLOCK,
    restMs: REST_MS,
    warmups: quick ? 20 : 100,
  });
  await takeBare();
  const facts = { id, title, against: AGAINST, unit: "ms", reach: REACH } as const;
  if (bare.length === 0) return finishRow({ ...facts, notes: [] }, figures);
  const { median } = summarize(bare);
  const notes = [
    `Python itself takes ${median.toFixed(1)} ms here: ${BARE_RUNS} runs in one shell, by the run`,
  ];
  const less = (values: readonly number[]) =>
    values.map((value) => lessBare ? value - median : value);
  return finishRow({ ...facts, notes }, {
    ...figures,
    ours: less(figures.ours),
    baseline: less(figures.baseline),
  });
}

/** Milliseconds that a program takes where a shell beside it starts it; what the shell takes is left out. */
async function measureBare(
  client: BenchClient,
  sessionId: string,
  { argv }: BenchProgram,
): Promise<number> {
  const runTimes = (runs: number) =>
    timed(async () => {
      const script = `runs=${runs}; while [ $runs -gt 0 ]; do "$@"; runs=$((runs - 1)); done`;
      const { exitCode } = await shell(client, sessionId, ["/bin/sh", "-c", script, "sh", ...argv]);
      if (exitCode !== 0) throw new Error(`Cannot run "${argv.join(" ")}" in a shell`);
    });
  const once = await runTimes(1);
  return (await runTimes(1 + BARE_RUNS) - once) / BARE_RUNS;
}

async function shell(
  client: BenchClient,
  sessionId: string,
  [commandName, ...args]: readonly [string, ...string[]],
): Promise<ProgramResult> {
  const { success, result, error } = await client.call("session.execute", {
    sessionId,
    command: { type: "execute_shell", commandName, args },
  });
  if (success && result !== null && typeof result === "object" && "exitCode" in result) {
    return result;
  }
  throw new Error(`Cannot use the answer to "${commandName}": ${error}`);
}

function check(found: ProgramResult, { argv, stdout }: BenchProgram): void {
  if (found.exitCode === 0 && found.stdout === stdout) return;
  throw new Error(`Cannot use the answer to "${argv.join(" ")}": got ${JSON.stringify(found)}`);
}
