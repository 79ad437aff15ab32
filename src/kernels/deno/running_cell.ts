import { setEnvironment } from "./cell_environment.ts";
import { type CellError, describeError } from "./cell_error.ts";
import { releaseTimers, stopTimers } from "./cell_timers.ts";
import { evaluateCell } from "./evaluate_cell.ts";
import { sendFrame } from "./frame_output.ts";
import type { CellRequest } from "./kernel_requests.ts";
import { type MimeBundle, mimeBundle } from "./mime_bundle.ts";
import { isBeingEnded, markEnded } from "./request_worker.ts";

interface CellEnding {
  readonly error?: CellError;
  readonly interrupted?: true;
}

interface RunningCell {
  readonly id: number;
  /** Takes back the variables that were set for it. */
  readonly restore: () => void;
  /** How it ended, once that is known. */
  how?: CellEnding;
}

let current: RunningCell | undefined;

/** The cell that runs, undefined between cells. */
export function runningCell(): unknown {
  return current;
}

/** Runs a cell to its end, and tells what it gave. */
export async function performCell(
  { id, count, code, env = {} }: CellRequest,
  isTypeScript: boolean,
): Promise<void> {
  const cell: RunningCell = current = { id, restore: setEnvironment(env) };
  try {
    const ended = await evaluateCell(code, `cell_${count}`, isTypeScript);
    if (ended.error !== undefined) return end(cell, { error: ended.error });
    if (ended.value !== undefined) publish(await mimeBundle(ended.value));
    end(cell, {});
  } catch (error) {
    end(cell, { error: describeError(error) });
  }
}

/** Adds to the results of the running cell. */
export function publish(data: MimeBundle): void {
  if (current !== undefined) sendFrame("stdout", { type: "result", id: current.id, data });
}

/** Ends a cell, if it is still the running one. */
export function interruptCell(id: number): void {
  if (current?.id !== id) return;
  stopTimers();
  const error = { name: "Interrupted", value: "The cell was interrupted", traceback: "" };
  end(current, { interrupted: true, error });
}

/** Nothing is on its way any more that ends code: a cell that waits for that has ended. */
export function settleCell(): void {
  if (current?.how !== undefined) end(current, current.how);
}

/** Ends a cell once; it may be called again where it was itself ended half way. */
function end(cell: RunningCell, how: CellEnding): void {
  if (current !== cell) return;
  markEnded(cell.id);
  cell.how ??= how;
  // What is on its way to end code would hit the next cell.
  if (isBeingEnded()) return;
  cell.restore();
  releaseTimers();
  sendFrame("stderr", { type: "end", id: cell.id });
  sendFrame("stdout", { type: "end", id: cell.id, ...cell.how });
  current = undefined;
}
