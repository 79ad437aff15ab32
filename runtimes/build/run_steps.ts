import type { BuildStep } from "./build_plan.ts";

/** How a step ended. */
export interface StepResult {
  readonly step: BuildStep;
  /** Why it failed; undefined if it did not. */
  readonly error?: unknown;
}

/** Options of {@linkcode runSteps}. */
export interface RunStepsOptions {
  /** How many run at the same time. @default {2} */
  jobs?: number;
}

/** A step that was not begun, since one that it needs failed. */
export class StepSkippedError extends Error {
  override readonly name = "StepSkippedError";
}

/**
 * Runs steps, each when what it needs is there; a step that fails stops only those that need it. Answers
 * how each ended, in their order.
 */
export async function runSteps(
  steps: readonly BuildStep[],
  run: (step: BuildStep) => Promise<void>,
  options: RunStepsOptions = {},
): Promise<StepResult[]> {
  const { jobs = 2 } = options;
  const results = new Map<string, StepResult>();
  const running = new Map<string, Promise<void>>();
  const waiting = new Set(steps);

  async function settle(step: BuildStep): Promise<void> {
    try {
      await run(step);
      results.set(step.image, { step });
    } catch (error) {
      results.set(step.image, { step, error });
    }
    running.delete(step.image);
  }

  while (waiting.size > 0 || running.size > 0) {
    for (const step of waiting) {
      const needs = step.needs.map((name) => results.get(name));
      const failed = needs.find((result) => result !== undefined && "error" in result);
      if (failed !== undefined) {
        waiting.delete(step);
        const error = new StepSkippedError(`it is built on ${failed.step.image}, which failed`);
        results.set(step.image, { step, error });
      } else if (running.size < jobs && !needs.includes(undefined)) {
        waiting.delete(step);
        running.set(step.image, settle(step));
      }
    }
    // A race of nobody has no end.
    if (running.size > 0) await Promise.race(running.values());
  }
  return steps.map(({ image }) => results.get(image)!);
}
