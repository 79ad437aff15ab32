import {
  type CellError,
  describeError,
  describeErrorAt,
  describeSyntaxError,
} from "./cell_error.ts";
import { cellSource } from "./cell_source.ts";
import { type Evaluation, post } from "./inspector_session.ts";
import { grasp } from "./kernel_hook.ts";

/** What is Deno's own. */
interface Internals {
  readonly core: { setPromiseHooks(init: (promise: unknown) => void): void };
}

const { setPromiseHooks } = (Deno as unknown as Record<symbol, Internals>)[
  (Deno as unknown as { internal: symbol }).internal
]!.core;

const held = new Set<unknown>();
/** Takes the promises that are made now, if somebody wants them. */
let made: Set<unknown> | undefined;

// Once and for all: Deno only ever adds hooks, and never takes one out.
setPromiseHooks((promise: unknown) => void made?.add(promise));

/** Evaluates a cell to the value of what stands last in it, or to the error that ended it. */
export async function evaluateCell(
  code: string,
  name: string,
  isTypeScript: boolean,
): Promise<{ readonly value?: unknown; readonly error?: CellError }> {
  let expression: string;
  try {
    expression = cellSource(code, name, isTypeScript);
  } catch (error) {
    return { error: describeSyntaxError(error, name) };
  }
  const { result, exceptionDetails } = await holdingPromises(() =>
    post<Evaluation>("Runtime.evaluate", {
      expression,
      replMode: true,
      awaitPromise: true,
      objectGroup: "cell",
    })
  );
  const { value } = await grasp(exceptionDetails?.exception ?? result);
  void post("Runtime.releaseObjectGroup", { objectGroup: "cell" });
  if (exceptionDetails === undefined) return { value };
  if (!(value instanceof SyntaxError)) return { error: describeError(value) };
  return { error: describeErrorAt(value, name, exceptionDetails) };
}

/**
 * Keeps the promises that a call makes until it is done. The inspector waits for that of a cell, and tells when
 * it is collected as garbage, which Deno does not survive: so one that never settles stays.
 */
async function holdingPromises<Result>(action: () => Promise<Result>): Promise<Result> {
  const promises = made = new Set<unknown>();
  let done: Promise<Result>;
  try {
    done = action();
  } finally {
    made = undefined;
  }
  held.add(promises);
  const result = await done;
  held.delete(promises);
  return result;
}
