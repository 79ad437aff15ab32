import { execute, script, step, write } from "./calls.ts";
import type { Scenario } from "./scenario.ts";

const append = (path: string, content: string) => ({
  type: "write_file",
  path,
  content,
  mode: "Append",
});
const sh = (text: string) => ({
  type: "execute_shell",
  commandName: "sh",
  args: ["-c", text],
});

/** Several commands in one call. */
export const batchScenarios: readonly Scenario[] = [
  {
    name: "a batch runs its commands in order and answers each",
    steps: [
      step(
        execute({
          type: "batch",
          commands: [append("b-${file}", "one "), sh("cat b-${file}"), append("b-${file}", "two")],
        }),
        {
          success: true,
          status: "ok",
          result: {
            completed: 3,
            results: [
              { success: true },
              { status: "ok", result: { stdout: "one " } },
              { success: true },
            ],
          },
        },
      ),
    ],
  },
  {
    name: "a batch ends at the first failure, or goes on where it is told to",
    steps: [true, false].map((stopOnError) =>
      step(
        execute({
          type: "batch",
          stopOnError,
          commands: [sh("exit 0"), sh("echo no >&2; exit 4"), sh("echo after")],
        }),
        {
          success: false,
          status: "nonzero_exit",
          result: {
            completed: stopOnError ? 1 : 2,
            results: [
              { status: "ok" },
              { status: "nonzero_exit", exitCode: 4 },
              ...(stopOnError ? [] : [{ status: "ok", result: { stdout: "after\n" } }]),
            ],
          },
        },
      )
    ),
  },
  {
    name: "the deadline of a batch ends the command that runs, with all it started",
    steps: [
      step(
        execute({
          type: "batch",
          commands: [sh("echo fine"), sh("sleep ${unique} & sleep ${unique}"), sh("echo never")],
        }, { timeoutMs: 1200 }),
        {
          status: "timeout",
          limit: { kind: "time", configured: 1200 },
          result: { completed: 1, results: [{ status: "ok" }, { status: "timeout" }] },
        },
      ),
      { running: "${unique}", count: 0 },
    ],
  },
  {
    name: "a JSON-RPC batch of one session keeps its order",
    steps: [
      {
        batch: [
          write("j-${file}", "one "),
          execute(append("j-${file}", "two ")),
          script("cat j-${file}; exit 3"),
          execute(append("j-${file}", "three")),
          execute({ type: "read_file", path: "j-${file}" }),
          { method: "no.such.method", params: {} },
        ],
        expect: [
          { result: { success: true } },
          { result: { success: true } },
          { result: { exitCode: 3, result: { stdout: "one two " } } },
          { result: { success: true } },
          { result: { result: { content: "one two three" } } },
          { error: { code: -32601 } },
        ],
      },
    ],
  },
];
