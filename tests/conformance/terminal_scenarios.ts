import { ended, process, refused, says, script, started, step } from "./calls.ts";
import type { Scenario, Step } from "./scenario.ts";

const PTY = { pty: true };
const noTerminals = {
  deno: {
    because: "Programs of Deno sessions have no terminals",
    steps: [true, false].map((background) =>
      refused(script("echo ran >ran", { ...PTY, background }), {
        code: -32009,
        data: { reason: "not_supported" },
      })
    ),
  },
};

function types(data: string): Step {
  return step(process("write", { data }), { processId: "$process" });
}

/** Programs at a terminal. */
export const terminalScenarios: readonly Scenario[] = [
  {
    name: "a program has a terminal of the size that is asked for, and its exit code",
    instead: noTerminals,
    steps: [
      step(script("tty; stty size; test -t 2 && echo $TERM; echo err >&2; exit 7", PTY), {
        status: "nonzero_exit",
        exitCode: 7,
        result: {
          stdout: "$match:^/dev/pts/\\d+\r\n24 80\r\nxterm-256color\r\nerr\r\n$",
          stderr: "",
        },
      }),
      step(script("stty size", { ...PTY, cols: 132, rows: 1 }), {
        status: "ok",
        result: { stdout: "1 132\r\n" },
      }),
      // Its input is at its end, as often as it is read.
      step(script("cat; cat; echo done", PTY), { status: "ok", result: { stdout: "done\r\n" } }),
    ],
  },
  {
    name: "a terminal is resized, and its program is told",
    instead: noTerminals,
    steps: [
      started("trap 'stty size' WINCH; echo up; while :; do sleep 0.05; done", PTY),
      says("^up"),
      step(process("resize", { cols: 132, rows: 43 }), {
        processId: "$process",
        cols: 132,
        rows: 43,
      }),
      says("^43 132"),
      step(process("get"), { terminal: { cols: 132, rows: 43 } }),
      refused(process("resize", { cols: 0, rows: 1 }), {
        code: -32602,
        data: { reason: "invalid_params" },
      }),
      step(process("attach", { stream: false }), {
        screen: { cols: 132, rows: 43, data: "$match:43 132" },
      }),
      step(process("signal", { signal: "SIGKILL" }), { processId: "$process" }),
      ended({ status: "signaled", signal: "SIGKILL" }),
    ],
  },
  {
    name: "Ctrl-C at a terminal ends the job in front, and the shell goes on to its own exit",
    instead: noTerminals,
    steps: [
      started("exec bash --norc --noprofile -i", PTY),
      // A prompt is no line yet, and what is typed is echoed.
      types("echo up$((1 + 1))\r"),
      says("up2"),
      types("sleep ${unique}\r"),
      { running: "sleep ${unique}", count: 1 },
      types("\u0003"),
      { running: "sleep ${unique}", count: 0 },
      types("echo a$((1 + 1))b\r"),
      says("a2b"),
      types("exit 4\r"),
      ended({ status: "nonzero_exit", exitCode: 4 }),
    ],
  },
];
