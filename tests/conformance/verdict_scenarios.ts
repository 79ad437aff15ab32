import { code, execute, refused, script, step } from "./calls.ts";
import { by, type Scenario } from "./scenario.ts";

const ENDED_BY_NO_CODE = { success: false, exitCode: null };

/** Each verdict that a program or its start can bring about by itself. */
export const verdictScenarios: readonly Scenario[] = [
  {
    name: "output, errors and exit code of a script are exactly those",
    steps: [
      step(script("echo out; echo err >&2; exit 3"), {
        success: false,
        status: "nonzero_exit",
        exitCode: 3,
        stdoutBytes: 4,
        stderrBytes: 4,
        result: { exitCode: 3, stdout: "out\n", stderr: "err\n", durationMs: "$number" },
      }),
    ],
  },
  {
    name: "ok",
    steps: [
      step(script("echo fine"), {
        success: true,
        error: null,
        status: "ok",
        exitCode: 0,
        wallMs: "$number",
        queueMs: "$number",
        result: { exitCode: 0, stdout: "fine\n", stderr: "" },
      }),
      step(code(by({ docker: "print('fine')", deno: "console.log('fine')" })), {
        success: true,
        status: "ok",
        exitCode: 0,
        result: "fine",
      }),
      step(execute({ type: "write_file", path: "$file", content: "x" }), {
        success: true,
        status: "ok",
      }),
    ],
  },
  {
    name: "nonzero_exit",
    steps: [
      step(code(by({ docker: "import sys\nsys.exit(5)", deno: "Deno.exit(5)" })), {
        success: false,
        status: "nonzero_exit",
        exitCode: 5,
        result: "",
        error: "Exited with code 5",
      }),
      step(code(by({ docker: "raise Exception('bad')", deno: "throw new Error('bad')" })), {
        success: false,
        status: "nonzero_exit",
        exitCode: 1,
        error: "$match:bad",
      }),
    ],
  },
  {
    name: "what looks like a verdict and is none changes nothing",
    steps: [
      step(
        script("echo Killed >&2; exit 137"),
        by({
          docker: { status: "nonzero_exit", exitCode: 137 },
          // The outer sandbox reports a signal in the same way, so these cannot be told apart.
          deno: { status: "signaled", signal: "SIGKILL" },
        }),
      ),
      step(
        code(by({
          docker:
            "import sys\nprint('JavaScript heap out of memory', file=sys.stderr)\nsys.exit(1)",
          deno: "console.error('JavaScript heap out of memory'); Deno.exit(1)",
        })),
        { status: "nonzero_exit", exitCode: 1 },
      ),
    ],
  },
  {
    name: "signaled, by the name of the signal",
    steps: ["SEGV", "ABRT", "TERM", "KILL"].map((name) =>
      step(script(`kill -${name} $$; sleep 10`), {
        ...ENDED_BY_NO_CODE,
        status: "signaled",
        signal: `SIG${name}`,
        error: `Ended by signal SIG${name}`,
      })
    ),
  },
  {
    name: "signaled, of a program that does what it must not",
    needs: { docker: { image: "codebeaker-gcc" } },
    session: by<Record<string, unknown>>({ docker: { language: "c" }, deno: {} }),
    instead: {
      deno: {
        because: "Code in Deno has nothing to crash with; a program of its session has",
        steps: [
          step(script("sh -c 'kill -SEGV $$'; exec sh -c 'kill -SEGV $$'"), {
            ...ENDED_BY_NO_CODE,
            status: "signaled",
            signal: "SIGSEGV",
          }),
        ],
      },
    },
    steps: [
      step(code("int main(void) { volatile int *nowhere = 0; return *nowhere; }"), {
        ...ENDED_BY_NO_CODE,
        status: "signaled",
        signal: "SIGSEGV",
        stage: "run",
      }),
    ],
  },
  {
    name: "compile_error",
    needs: { docker: { image: "codebeaker-gcc" } },
    session: by<Record<string, unknown>>({ docker: { language: "c" }, deno: {} }),
    instead: {
      deno: {
        because:
          "Deno compiles nothing ahead of the program: what does not parse has run and failed",
        steps: [step(code("const = 1"), { status: "nonzero_exit", exitCode: 1 })],
      },
    },
    steps: [
      step(code("int main(void) { return nothing; }"), {
        success: false,
        status: "compile_error",
        stage: "compile",
        error: "$match:nothing",
      }),
    ],
  },
  {
    name: "not_started",
    steps: [
      step(execute({ type: "execute_shell", commandName: "no-such-program" }), {
        ...ENDED_BY_NO_CODE,
        status: "not_started",
        result: null,
        error: "Program not found: no-such-program",
      }),
      step(execute({ type: "write_file", path: "plain", content: "echo no" }), { success: true }),
      step(execute({ type: "execute_shell", commandName: "/workspace/plain" }), {
        ...ENDED_BY_NO_CODE,
        status: "not_started",
        result: null,
        error: "Permission denied: /workspace/plain",
      }),
      step(script("true", { workingDirectory: "/workspace/none" }), {
        ...ENDED_BY_NO_CODE,
        status: "not_started",
        result: null,
        error: "Working directory not found: /workspace/none",
      }),
      step(execute({ type: "execute_shell", commandName: "no-such", background: true }), {
        ...ENDED_BY_NO_CODE,
        status: "not_started",
        result: null,
        error: "Program not found: no-such",
      }),
    ],
  },
  {
    name: "session_lost, when what watches over a program is gone",
    session: {},
    instead: {
      deno: {
        because: "A program sees its own sandbox alone and can end nothing else",
        steps: [step(script("kill -9 -1; exit 4"), { status: "nonzero_exit", exitCode: 4 })],
      },
    },
    steps: [
      step(script("kill -9 -1; sleep 10"), {
        ...ENDED_BY_NO_CODE,
        status: "session_lost",
      }),
      step(script("echo next"), { status: "ok", result: { stdout: "next\n" } }),
    ],
  },
  {
    name: "a command that is not the contract's is refused, and nothing runs",
    steps: [
      refused(script("echo ran >ran", { shell: "bash" }), {
        code: -32602,
        data: { reason: "invalid_params" },
      }),
      step(execute({ type: "file_info", path: "ran" }), {
        success: false,
        error: "File not found: ran",
      }),
    ],
  },
  {
    name: "stdin is what is given, and else at its end at once",
    steps: [
      step(script("cat; echo end", { stdin: "one\n'two' \\ ä🦕\n" }), {
        status: "ok",
        result: { stdout: "one\n'two' \\ ä🦕\nend\n" },
      }),
      step(script("cat; echo end"), { status: "ok", result: { stdout: "end\n" } }),
      ...["given", undefined].map((stdin) =>
        step(
          code(
            by({
              docker: "import sys\nprint(repr(sys.stdin.read()))",
              deno: "console.log(`'${await new Response(Deno.stdin.readable).text()}'`)",
            }),
            stdin === undefined ? {} : { stdin },
          ),
          { status: "ok", result: `'${stdin ?? ""}'` },
        )
      ),
    ],
  },
];
