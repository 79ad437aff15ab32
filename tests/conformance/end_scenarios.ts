import { code, ended, process, says, script, started, step, write } from "./calls.ts";
import { by, type Call, type Scenario, type Step } from "./scenario.ts";

/** A script that starts itself until there are script, child, grandchild and `sleep`. */
const TREE: Step = step(
  write(
    "tree.sh",
    'if [ "$1" -gt 0 ]; then sh tree.sh $(($1 - 1)) "$2" & else sleep "$2" & fi\n' +
      'echo "up $1"; wait; :',
  ),
  { success: true },
);
const UP: Step = { running: "${unique}", count: 4 };
const GONE: Step = { running: "${unique}", count: 0 };

/** Every way to get away from whoever watches. */
const CLINGING = `(trap '' TERM; setsid sh -c 'while :; do sleep \${unique}; done' &)
(env -i setsid sleep \${unique} &)
(setsid sh -c 'sleep \${unique} & sleep \${unique} & sleep \${unique}' &)
( (sleep \${unique} &) & )
trap '' TERM
sleep \${unique} &
echo up; while :; do sleep 0.1; done # \${unique}`;

const cancel: Call = {
  method: "session.cancel",
  params: { sessionId: "$session", executionId: "$process" },
};
const cancelled = step(cancel, { sessionId: "$session", cancelled: ["$process"] });
const CANCELLED = { success: false, status: "cancelled", exitCode: null };
const close: Call = { method: "session.close", params: { sessionId: "$session" } };

/** The ends that a deadline, a cancel and a close bring about, of all that runs. */
export const endScenarios: readonly Scenario[] = [
  {
    name: "a script, its child, its grandchild and their sleep are gone once cancelled",
    steps: [
      TREE,
      started('exec sh tree.sh 2 "${unique}"'),
      UP,
      cancelled,
      ended(CANCELLED),
      GONE,
    ],
  },
  {
    name: "a script, its child, its grandchild and their sleep are gone at the deadline",
    steps: [
      TREE,
      step(script('exec sh tree.sh 2 "${unique}"', {}, { timeoutMs: 1500 }), {
        status: "timeout",
        exitCode: null,
        result: { stdout: "$match:up 2" },
      }),
      GONE,
    ],
  },
  {
    name: "a script, its child, its grandchild and their sleep are gone with their session",
    session: {},
    steps: [
      TREE,
      started('exec sh tree.sh 2 "${unique}"'),
      UP,
      step(close, { sessionId: "$session", closed: true }),
      GONE,
      step(process("get"), { state: "ended", status: "cancelled", exitCode: null }),
    ],
  },
  {
    name: "a signal to its group ends a script, its child, its grandchild and their sleep",
    steps: [
      TREE,
      started('exec sh tree.sh 2 "${unique}"'),
      UP,
      step(process("signal", { signal: "SIGTERM", target: "group" }), { signal: "SIGTERM" }),
      ended({ success: false, status: "signaled", signal: "SIGTERM", exitCode: null }),
      GONE,
    ],
  },
  {
    name: "what ignores TERM, left its session or lost its parent is gone once cancelled",
    steps: [
      started(CLINGING),
      says("^up$"),
      cancelled,
      ended(CANCELLED),
      GONE,
    ],
  },
  {
    name: "what ignores TERM, left its session or lost its parent is gone at the deadline",
    steps: [
      step(script(CLINGING, {}, { timeoutMs: 1000 }), {
        status: "timeout",
        result: { stdout: "up\n" },
      }),
      GONE,
    ],
  },
  {
    name: "what a command leaves running ends with it",
    steps: [
      step(script("(setsid sleep ${unique} &); sleep ${unique} & echo done"), {
        status: "ok",
        result: { stdout: "done\n" },
      }),
      GONE,
    ],
  },
  {
    name: "a program is told to end before it is ended",
    steps: [
      started("trap 'echo last words; exit 3' TERM; echo up; while :; do sleep 0.05; done"),
      says("^up$"),
      cancelled,
      ended({ ...CANCELLED, result: { stdout: "up\nlast words\n" } }),
      started("trap 'echo last words; exit 3' TERM; echo up; while :; do sleep 0.05; done", {}, {
        timeoutMs: 1000,
      }),
      ended({ status: "timeout", exitCode: null, result: { stdout: "up\nlast words\n" } }),
    ],
  },
  {
    name: "a program that is suspended ends all the same",
    steps: [
      started("trap 'echo last words; exit 3' TERM; echo up; while :; do sleep 0.05; done"),
      says("^up$"),
      step(process("signal", { signal: "SIGSTOP" }), { signal: "SIGSTOP" }),
      cancelled,
      ended({ ...CANCELLED, result: { stdout: "up\nlast words\n" } }),
    ],
  },
  {
    name: "code that handles TERM has its last words, and code that ignores it none",
    steps: [
      {
        begin: "code",
        call: code(
          by({
            docker: "import signal, sys, time\n" +
              "def end(*_):\n    print('last words', flush=True)\n    sys.exit(3)\n" +
              "signal.signal(signal.SIGTERM, end)\nsys.stdout.write('up\\n')\ntime.sleep(300)",
            deno: "Deno.addSignalListener('SIGTERM', () => {" +
              " console.log('last words'); Deno.exit(3); });" +
              "console.log('up'); setTimeout(() => {}, 300000);",
          }),
          {},
          { executionId: "${file}-heeds" },
        ),
      },
      wrote("${file}-heeds", "up\n"),
      step(cancelOf("${file}-heeds"), { cancelled: ["$string"] }),
      { answered: "code", expect: { result: { ...CANCELLED, result: "up\nlast words" } } },
      {
        begin: "deaf",
        call: code(
          by({
            docker: "import signal, sys\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n" +
              "sys.stdout.write('up\\n')\nwhile True: pass",
            deno: "Deno.addSignalListener('SIGTERM', () => {});" +
              "Deno.stdout.writeSync(new TextEncoder().encode('up\\n')); for (;;);",
          }),
          {},
          { executionId: "${file}-deaf" },
        ),
      },
      wrote("${file}-deaf", "up\n"),
      step(cancelOf("${file}-deaf"), { cancelled: ["$string"] }),
      { answered: "deaf", expect: { result: { ...CANCELLED, result: "up" } } },
    ],
  },
  {
    name: "a command that waits for its turn is cancelled without having run",
    steps: [
      { begin: "first", call: script("echo up; sleep 300", {}, { executionId: "${file}-1" }) },
      wrote("${file}-1", "up\n"),
      { begin: "second", call: script("echo ran >ran-${file}", {}, { executionId: "${file}-2" }) },
      {
        until: { method: "execution.get", params: { executionId: "${file}-2" } },
        expect: { result: { state: "queued" } },
      },
      step(cancelOf("${file}-2"), { cancelled: ["$string"] }),
      { answered: "second", expect: { result: { success: false, status: "cancelled" } } },
      step(cancelOf("${file}-1"), { cancelled: ["$string"] }),
      { answered: "first", expect: { result: { ...CANCELLED, result: { stdout: "up\n" } } } },
      step(script("test ! -e ran-${file}"), { status: "ok" }),
    ],
  },
  {
    name: "a session that closes answers each of its commands once, and says why",
    session: {},
    steps: [
      { begin: "running", call: script("echo up; sleep ${unique}", {}, { executionId: "$file" }) },
      { begin: "queued", call: script("echo never", {}, { executionId: "${file}-2" }) },
      { running: "${unique}", count: 2 },
      step(close, { closed: true }),
      ...["running", "queued"].map((name) => ({
        answered: name,
        expect: {
          error: { code: -32007, data: { reason: "session_closed", closeReason: "client" } },
        },
      })),
      GONE,
      step({ method: "execution.get", params: { executionId: "$file" } }, {
        state: "ended",
        status: "cancelled",
      }),
    ],
  },
];

function wrote(executionId: string, data: string): Step {
  return {
    until: { method: "execution.attach", params: { executionId, stream: false } },
    expect: { result: { chunks: [{ stream: "stdout", data, seq: 0 }] } },
  };
}

function cancelOf(executionId: string): Call {
  return { method: "session.cancel", params: { sessionId: "$session", executionId } };
}
