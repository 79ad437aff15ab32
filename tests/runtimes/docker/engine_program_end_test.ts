import { assertEquals } from "@std/assert";
import { parseEnd, refusedStart } from "../../../src/runtimes/docker/engine_program_end.ts";

Deno.test("parseEnd() reads exit codes, signals, counters and CPU time", () => {
  const counts = { oomKills: 0, pidsRefused: 0 };
  const cases: [report: string, end: ReturnType<typeof parseEnd>][] = [
    ["ended 0 no 0 0 0m0.010s 0m1.500000s", { code: 0, signal: null, ...counts, cpuMs: 1510 }],
    ["ended 139 yes 0 0", { code: null, signal: "SIGSEGV", ...counts }],
    ["ended 139 no 0 0", { code: 139, signal: null, ...counts }],
    ["ended 137 unknown 3 4", { code: null, signal: "SIGKILL", oomKills: 3, pidsRefused: 4 }],
    ["ended 130 unknown 0 0", { code: 130, signal: null, ...counts }],
    ["ended 1 yes 0 0", { code: 1, signal: null, ...counts }],
    ["ended 162 yes 0 0", { code: null, signal: "SIG34", ...counts }],
  ];
  for (const [report, end] of cases) assertEquals(parseEnd(report.split(" ")), end, report);
});

Deno.test("refusedStart() finds the reason in the engine's words", () => {
  const cases: [words: string, processLimit: boolean, reason: string][] = [
    ["exec /usr/bin/sh: argument list too long\n", false, "too_long"],
    [
      "OCI runtime exec failed: exec failed: fork: resource temporarily unavailable",
      false,
      "process_limit",
    ],
    [
      "OCI runtime exec failed: read init-p: connection reset by peer: unknown",
      true,
      "process_limit",
    ],
    ["OCI runtime exec failed: read init-p: connection reset by peer: unknown", false, "other"],
    ['exec: "/bin/sh": stat /bin/sh: no such file or directory: unknown', false, "other"],
  ];
  for (const [words, processLimit, reason] of cases) {
    assertEquals(refusedStart(words, { processLimit }).reason, reason, words);
  }
});
