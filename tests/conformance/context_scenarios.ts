import { cell, execute, refused, step } from "./calls.ts";
import { by, type Call, type Expected, type Scenario } from "./scenario.ts";

const COUNTER = by({ docker: "counter += 1\ncounter", deno: "counter++; counter" });
const SLEEP = by({
  docker: "import time\nprint('sleeps')\ntime.sleep(300)",
  deno: "console.log('sleeps'); await new Promise((done) => setTimeout(done, 300000))",
});
const interrupt: Call = {
  method: "context.interrupt",
  params: { sessionId: "$session", contextId: "default" },
};

/** State that stays from cell to cell. */
export const contextScenarios: readonly Scenario[] = [
  {
    name: "five cells at once that count give 1 to 5",
    session: {},
    steps: [
      step(cell(by({ docker: "counter = 0", deno: "let counter = 0" })), { status: "ok" }),
      {
        together: Array.from({ length: 5 }, () => cell(COUNTER, { concurrent: true })),
        expect: [1, 2, 3, 4, 5].map((number) => shows(`${number}`)),
      },
    ],
  },
  {
    name: "a sleep of 300 seconds is interrupted, and the next cell runs in what it left",
    session: {},
    steps: [
      step(cell(by({ docker: "kept = 40", deno: "const kept = 40" })), { status: "ok" }),
      { begin: "sleep", call: cell(SLEEP, { executionId: "$file" }) },
      {
        until: { method: "execution.attach", params: { executionId: "$file", stream: false } },
        expect: { result: { chunks: [{ data: "sleeps\n" }] } },
      },
      step(interrupt, { contextId: "default", interrupted: true }),
      {
        answered: "sleep",
        expect: { result: { status: "cancelled", result: { interrupted: true } } },
      },
      { call: cell("1 + 1"), expect: shows("2") },
      { call: cell("kept + 2"), expect: shows("42") },
      step(interrupt, { interrupted: false }),
    ],
  },
  {
    name: "a cell beyond its timeout is interrupted and keeps the state",
    session: {},
    steps: [
      step(cell(by({ docker: "kept = 40", deno: "const kept = 40" })), { status: "ok" }),
      step(cell(by({ docker: "while True: pass", deno: "for (;;);" }), { timeoutMs: 500 }), {
        status: "timeout",
        result: { interrupted: true },
        limit: { kind: "time", configured: 500 },
      }),
      { call: cell("kept + 2"), expect: shows("42") },
    ],
  },
  {
    name: "a cell that throws says what and where, and the next goes on",
    session: {},
    steps: [
      step(cell(by({ docker: "1 / 0", deno: "throw new TypeError('bad')" })), {
        success: false,
        status: "nonzero_exit",
        result: {
          error: {
            name: by({ docker: "ZeroDivisionError", deno: "TypeError" }),
            value: by({ docker: "division by zero", deno: "bad" }),
            traceback: "$string",
          },
        },
      }),
      { call: cell("1 + 1"), expect: shows("2") },
    ],
  },
  {
    name: "a context and another language are refused, and nothing runs",
    session: {},
    steps: [
      step({ method: "context.create", params: { sessionId: "$session" } }, {
        contextId: "$id",
        state: "idle",
      }, { context: "/result/contextId" }),
      refused(
        execute({
          type: "execute_code",
          code: "touch ran",
          context: "$context",
          language: by({ docker: "bash", deno: "python" }),
        }),
        { code: -32602, data: { reason: "invalid_params" } },
      ),
      step(execute({ type: "file_info", path: "ran" }), { success: false }),
    ],
  },
  {
    name: "a value comes in every form that it offers",
    session: {},
    steps: [
      {
        call: cell(by({
          docker: `class Chart:
    def __repr__(self): return "chart"
    def _repr_png_(self): return b"\\x89PNG"
class Frame:
    def __repr__(self): return "frame"
    def _repr_html_(self): return "<table></table>"
    def _repr_json_(self): return {"a": [1, 2], "b": ["x", "y"]}
display(Chart())
Frame()`,
          deno: `display({ "text/plain": "chart", "image/png": "iVBORw==" }, { raw: true });
({ [Symbol.for("Jupyter.display")]: () => ({
  "text/plain": "frame",
  "text/html": "<table></table>",
  "application/json": { a: [1, 2], b: ["x", "y"] },
}) })`,
        })),
        expect: {
          result: {
            result: {
              results: [
                { "text/plain": "chart", "image/png": "iVBORw==" },
                {
                  "text/plain": "frame",
                  "text/html": "<table></table>",
                  "application/json": { a: [1, 2], b: ["x", "y"] },
                },
              ],
            },
          },
        },
      },
    ],
  },
];

function shows(plain: string): Expected {
  return { result: { status: "ok", result: { results: [{ "text/plain": plain }] } } };
}
