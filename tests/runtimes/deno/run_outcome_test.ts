import { assertEquals } from "@std/assert";
import { type RunEvidence, runOutcome } from "../../../src/runtimes/deno/run_outcome.ts";

const MIB = 1024 * 1024;
const QUIET: RunEvidence = {
  stopped: false,
  confined: true,
  program: false,
  stderrTail: "",
  memoryBytes: 64 * MIB,
  diskBytes: 10 * MIB,
  pidsLimit: 40,
};

Deno.test("runOutcome() tells endings apart", () => {
  const oom = { counters: { oomKills: 1, pidsRefused: 0 } };
  const full = { counters: { oomKills: 0, pidsRefused: 3 } };
  const heap = { stderrTail: "# Fatal JavaScript out of memory: Reached heap limit" };
  const cases: [code: number, evidence: Partial<RunEvidence>, cause: string, detail: unknown][] = [
    [0, {}, "exited", 0],
    [3, {}, "exited", 3],
    [137, {}, "exited", 137],
    [143, {}, "exited", 143],
    [137, oom, "memory_limit", null],
    [9, oom, "memory_limit", null],
    [0, oom, "exited", 0],
    [2, full, "process_limit", null],
    [0, full, "exited", 0],
    [133, heap, "memory_limit", null],
    [133, { stderrTail: "\n# Fatal error in ../../v8" }, "signaled", "SIGTRAP"],
    [139, {}, "exited", 139],
    [139, { program: true }, "signaled", "SIGSEGV"],
    [143, { program: true }, "signaled", "SIGTERM"],
    [153, {}, "disk_limit", null],
    [137, { stopped: true }, "stopped", null],
    [139, { confined: false }, "exited", 139],
    [1, heap, "exited", 1],
  ];
  for (const [code, evidence, cause, detail] of cases) {
    const outcome = runOutcome({ code, signal: null }, { ...QUIET, ...evidence });
    assertEquals(outcome.cause, cause, `${code} ${JSON.stringify(evidence)}`);
    assertEquals(outcome.signal ?? outcome.exitCode, detail, `${code} ${JSON.stringify(evidence)}`);
  }
});

Deno.test("runOutcome() believes the system's own word for a signal", () => {
  const outcome = runOutcome({ code: 139, signal: "SIGSEGV" }, { ...QUIET, confined: false });
  assertEquals([outcome.cause, outcome.signal, outcome.exitCode], ["signaled", "SIGSEGV", null]);
});

Deno.test("runOutcome() names the limit that struck", () => {
  const outcome = runOutcome({ code: 153, signal: null }, QUIET);
  assertEquals(outcome.limit, { kind: "disk", configured: 10 * MIB });
  assertEquals(outcome.message, "File size limit of 10 MB exceeded");
});

Deno.test("runOutcome() tells what was measured, however it ended", () => {
  const counters = { oomKills: 0, pidsRefused: 0, cpuMs: 12, memoryPeakBytes: MIB };
  for (const [code, stopped] of [[0, false], [3, false], [143, true]] as const) {
    const outcome = runOutcome({ code, signal: null }, { ...QUIET, counters, stopped });
    assertEquals([outcome.cpuMs, outcome.memoryPeakBytes], [12, MIB]);
  }
});

Deno.test("runOutcome() does not take the end of the sandbox for one of the program", () => {
  const end = { code: 137, signal: "SIGKILL" } as const;
  assertEquals(runOutcome(end, { ...QUIET, program: true }).cause, "session_lost");
  assertEquals(runOutcome(end, { ...QUIET, stopped: true }).cause, "stopped");
  const counters = { oomKills: 1, pidsRefused: 0 };
  assertEquals(runOutcome(end, { ...QUIET, counters }).cause, "memory_limit");
});
