import { code, script, step } from "./calls.ts";
import { by, type Scenario, type Step } from "./scenario.ts";

const MIB = 2 ** 20;
const MEMORY = {
  success: false,
  exitCode: null,
  status: "memory_limit",
  limit: { kind: "memory", configured: 100 * MIB },
  error: "$match:^Memory limit of 100 MB exceeded",
};
const GOES_ON: Step = step(script("echo next"), { status: "ok", result: { stdout: "next\n" } });

/** What limits do, to the command that strikes them alone. */
export const limitScenarios: readonly Scenario[] = [
  {
    name: "timeout, also of what computes: nothing sets a cpu_limit",
    steps: [
      step(script("echo begun; sleep 300", {}, { timeoutMs: 700 }), {
        success: false,
        exitCode: null,
        status: "timeout",
        error: "Timed out after 700 ms",
        limit: { kind: "time", configured: 700, observed: "$number" },
        result: { exitCode: null, stdout: "begun\n" },
      }),
      step(
        code(by({ docker: "while True: pass", deno: "for (;;);" }), {}, { timeoutMs: 700 }),
        { success: false, exitCode: null, status: "timeout", limit: { kind: "time" } },
      ),
      GOES_ON,
    ],
  },
  {
    name: "memory_limit, of code, of a program and of what that started",
    session: { memoryLimitMB: 100 },
    needs: { deno: { cgroups: true } },
    steps: [
      step(
        code(by({
          docker: "x = bytearray(800 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1",
          deno:
            "const all = []; for (let i = 0; i < 80; i++) all.push(new Uint8Array(10 << 20).fill(1));",
        })),
        MEMORY,
      ),
      step(script("head -c 800000000 /dev/zero | tail -n 1"), MEMORY),
      step(script("head -c 800000000 /dev/zero | tail -n 1; exit 9"), MEMORY),
      GOES_ON,
      step(code(by({ docker: "print(1)", deno: "console.log(1)" })), {
        status: "ok",
        result: "1",
      }),
      // What the last one needed is not held against this.
      step(script("exit 9"), { status: "nonzero_exit", exitCode: 9 }),
    ],
  },
  {
    name: "memory_limit, of an interpreter that bounds itself",
    session: by<Record<string, unknown>>({
      docker: { language: "javascript", memoryLimitMB: 100 },
      deno: { memoryLimitMB: 100 },
    }),
    needs: { docker: { image: "codebeaker-nodejs" } },
    steps: [
      step(code("const all = []; for (;;) all.push({ value: [all.length] });"), MEMORY),
      step(code("console.log(1)"), { status: "ok", result: "1" }),
    ],
  },
  {
    name: "output over the cap is cut and no failure, so output_limit does not occur",
    steps: [
      step(script("head -c 5000000 /dev/zero | tr '\\0' x; echo; echo last"), {
        success: true,
        status: "ok",
        stdoutBytes: 5_000_006,
        stdoutTruncated: true,
        result: { stdout: "$match:^x{1000}[^]*bytes omitted[^]*xx\nlast\n$" },
      }),
    ],
  },
  {
    name: "process_limit",
    session: { pidsLimit: 40 },
    needs: { deno: { cgroups: true } },
    steps: [
      step(script("i=0; while [ $i -lt 60 ]; do sleep 100 & i=$((i+1)); done; exit 2"), {
        success: false,
        exitCode: null,
        status: "process_limit",
        limit: { kind: "processes", configured: 40 },
        error: "$match:^Limit of 40 processes and threads reached",
      }),
      GOES_ON,
    ],
  },
  {
    name: "disk_limit, of one file",
    session: { diskLimitMB: 20 },
    steps: [
      step(script("exec head -c 50000000 /dev/zero >large"), {
        success: false,
        exitCode: null,
        status: "disk_limit",
        limit: { kind: "disk", configured: 20 * MIB },
      }),
      step(script("rm large; echo next"), { status: "ok" }),
    ],
  },
  {
    name: "costs are told where they can be measured",
    session: {},
    needs: { deno: { cgroups: true } },
    steps: [
      step(
        code(by({
          docker: "x = bytearray(80 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1",
          deno: "const all = new Uint8Array(80 << 20).fill(1);",
        })),
        { status: "ok", wallMs: "$number", cpuMs: "$number", memoryPeakBytes: "$number" },
      ),
      step(script("i=0; while [ $i -lt 20000 ]; do i=$((i + 1)); done"), {
        status: "ok",
        cpuMs: "$number",
      }),
    ],
  },
];
