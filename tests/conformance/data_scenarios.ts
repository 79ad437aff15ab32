import { cell, code, refused, step } from "./calls.ts";
import { by, type Instead, type Scenario } from "./scenario.ts";

const IMAGE = "codebeaker-python-data";
const withData = {
  session: by<Record<string, unknown>>({ docker: { dockerImage: IMAGE }, deno: {} }),
  needs: { docker: { image: IMAGE } },
};
const PNG = { "image/png": "$match:^iVBORw0KGgo" };

/** What notebooks show with the real matplotlib and pandas. */
export const dataScenarios: readonly Scenario[] = [
  {
    name: "a bar chart of matplotlib is a PNG without a call of show, and is shown once",
    ...withData,
    instead: { deno: noPython("matplotlib") },
    steps: [
      step(cell("import matplotlib.pyplot as plt\n_ = plt.bar(['a', 'b'], [1, 2])"), {
        status: "ok",
        result: { stderr: "", results: [PNG] },
      }),
      step(cell("1 + 1"), { status: "ok", result: { results: [{ "text/plain": "2" }] } }),
      step(cell("plt.plot([1, 2]); plt.show(); print('shown'); plt.plot([2, 1]); None"), {
        status: "ok",
        result: { stdout: "shown\n", stderr: "", results: [PNG, PNG] },
      }),
      step(cell("figure, axes = plt.subplots()\naxes.bar(['a'], [1])\nfigure"), {
        status: "ok",
        result: { results: [PNG] },
      }),
      step(cell("plt.bar(['a'], [1])\n1 / 0"), {
        status: "nonzero_exit",
        result: { error: { name: "ZeroDivisionError" } },
      }),
      step(cell("plt.get_fignums()"), {
        status: "ok",
        result: { results: [{ "text/plain": "[]" }] },
      }),
    ],
  },
  {
    name: "a data frame is a table and columns, with every value as it is",
    ...withData,
    instead: { deno: noPython("pandas") },
    steps: [
      step(cell("import pandas as pd\npd.DataFrame({'a': [1, 2], 'b': ['x', 'y']})"), {
        status: "ok",
        result: {
          stderr: "",
          results: [{
            "text/plain": "   a  b\n0  1  x\n1  2  y",
            "text/html": "$match:<table",
            "application/json": { a: [1, 2], b: ["x", "y"] },
          }],
        },
      }),
      step(
        cell(
          "pd.DataFrame({'f': [0.1 + 0.2, None, float('inf')], 'b': [True, False, True],\n" +
            "  'd': pd.to_datetime(['2026-01-31', None, '2026-02-01'])})",
        ),
        {
          status: "ok",
          result: {
            results: [{
              "application/json": {
                f: [0.1 + 0.2, null, null],
                b: [true, false, true],
                d: ["2026-01-31T00:00:00.000", null, "2026-02-01T00:00:00.000"],
              },
            }],
          },
        },
      ),
      // An object cannot hold two columns of one name.
      step(cell("pd.DataFrame([[1, 2]], columns=['s', 's'])"), {
        status: "ok",
        result: { results: [{ "text/html": "$match:<table", "application/json": undefined }] },
      }),
      step(cell("pd.DataFrame({'a': [1]}).style.highlight_max()"), {
        status: "ok",
        result: { results: [{ "text/html": "$match:<table" }] },
      }),
    ],
  },
];

function noPython(module: string): Instead {
  return {
    because: `Deno sessions have no Python, and so no ${module}`,
    steps: [
      refused(code(`import ${module}`, { language: "python" }), {
        code: -32602,
        data: { reason: "invalid_params" },
      }),
    ],
  };
}
