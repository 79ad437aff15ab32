import { assertEquals } from "@std/assert";
import {
  type NotStartedReason,
  type ProgramEnd,
  ProgramNotStarted,
} from "../../../src/runtimes/docker/container_io.ts";
import { notStartedOutcome, programOutcome } from "../../../src/runtimes/docker/program_outcome.ts";

const END: ProgramEnd = { code: 0, signal: null, stopped: false, oomKills: 0, pidsRefused: 0 };
const EVIDENCE = {
  program: "x",
  memoryBytes: 100 * 2 ** 20,
  diskBytes: 2 ** 30,
  pidsLimit: 64,
  stderrTail: "",
};

function outcome(end: Partial<ProgramEnd>, stderrTail = "", program = "main") {
  return programOutcome({ ...END, ...end }, { ...EVIDENCE, stderrTail, program });
}

Deno.test("programOutcome() names what struck", () => {
  assertEquals(outcome({}).cause, "exited");
  assertEquals(outcome({ code: 3 }), { cause: "exited", exitCode: 3 });
  assertEquals(outcome({ code: null, signal: "SIGSEGV" }), {
    cause: "signaled",
    exitCode: null,
    signal: "SIGSEGV",
  });
  assertEquals(outcome({ code: null, signal: "SIGKILL", stopped: true }).cause, "stopped");
  assertEquals(outcome({ code: null, signal: "SIGKILL", oomKills: 1 }), {
    cause: "memory_limit",
    exitCode: null,
    message: "Memory limit of 100 MB exceeded",
    limit: { kind: "memory", configured: 100 * 2 ** 20 },
  });
  // A shell whose child was killed for its memory.
  assertEquals(outcome({ code: 137, oomKills: 1 }).cause, "memory_limit");
  assertEquals(outcome({ code: null, signal: "SIGXFSZ" }).cause, "disk_limit");
  assertEquals(outcome({ code: 1, pidsRefused: 4 }).limit, { kind: "processes", configured: 64 });
});

Deno.test("programOutcome() does not blame a limit for a program that succeeded", () => {
  assertEquals(outcome({ oomKills: 1, pidsRefused: 1 }), { cause: "exited", exitCode: 0 });
});

Deno.test("programOutcome() believes language runtimes that give up before the kernel does", () => {
  const said: [program: string, text: string, end: Partial<ProgramEnd>][] = [
    [
      "node",
      "FATAL ERROR: Reached heap limit Allocation failed - JavaScript heap out of memory",
      { code: null, signal: "SIGABRT" },
    ],
    [
      "/usr/bin/java",
      'Exception in thread "main" java.lang.OutOfMemoryError: Java heap space',
      { code: 1 },
    ],
    ["dotnet", "Out of memory.", { code: null, signal: "SIGABRT" }],
    ["dotnet-script", "Unhandled exception. System.OutOfMemoryException: …", { code: 134 }],
    ["main", "memory allocation of 838860800 bytes failed", { code: null, signal: "SIGABRT" }],
  ];
  for (const [program, text, end] of said) {
    assertEquals([text, outcome(end, text, program).cause], [text, "memory_limit"]);
    // Whoever only writes the words, or is something else, ends as it likes.
    assertEquals([text, outcome({ code: 7 }, text, program).cause], [text, "exited"]);
    assertEquals([text, outcome({ code: 1 }, text, "python3").cause], [text, "exited"]);
  }
  assertEquals(outcome({ code: 134 }, "I was Out of memory.").cause, "exited");
});

Deno.test("programOutcome() hands on what was measured", () => {
  const measured = outcome({ code: 1, cpuMs: 12, memoryPeakBytes: 5 });
  assertEquals([measured.cpuMs, measured.memoryPeakBytes], [12, 5]);
});

Deno.test("notStartedOutcome() speaks in the client's words", () => {
  const asked = { program: "nope", directory: "sub", pidsLimit: 64 };
  const of = (reason: NotStartedReason) =>
    notStartedOutcome(new ProgramNotStarted(reason, "system's words"), asked);
  assertEquals(of("program_not_found").message, "Program not found: nope");
  assertEquals(of("directory_not_found").message, "Working directory not found: sub");
  assertEquals(of("permission_denied").message, "Permission denied: nope");
  assertEquals(of("process_limit").cause, "process_limit");
  assertEquals(of("other").cause, "not_started");
});

Deno.test("programOutcome() does not blame a program for what struck another beside it", () => {
  const beside = { alone: false, oomKills: 1, pidsRefused: 3 };
  assertEquals(outcome({ ...beside, code: 7 }), { cause: "exited", exitCode: 7 });
  assertEquals(outcome({ ...beside, code: null, signal: "SIGKILL" }).cause, "memory_limit");
  assertEquals(outcome({ ...beside, code: 137 }).cause, "memory_limit");
});
