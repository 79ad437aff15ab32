import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import { RequestFailure } from "./request_failure.ts";

/** How long a task may keep everything else waiting. */
const SLICE_MS = 5;

/** Work in small steps; returns what is sent as the result, or nothing if it has sent all itself. */
export type Steps = Generator<void, object | undefined>;

/**
 * A task that may take long. It begins at once and is over at once if it is small, so that small tasks
 * are done in the order in which they came; a big one lets others in between.
 */
export class SlicedTask implements ActiveRequest {
  readonly #steps: Steps;
  readonly #replies: RequestReplies;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Takes the steps of a task. */
  constructor(steps: Steps, replies: RequestReplies) {
    this.#steps = steps;
    this.#replies = replies;
  }

  /** Does as much as one turn allows. */
  run(): void {
    const start = performance.now();
    do {
      const step = this.#steps.next();
      if (step.done) {
        return step.value === undefined
          ? this.#replies.done("end")
          : this.#replies.done("result", step.value);
      }
    } while (performance.now() - start < SLICE_MS);
    this.#timer = setTimeout(() => this.#resume(), 0);
  }

  /** Gives up between two steps. */
  cancel(): void {
    this.#replies.fail(new RequestFailure("CANCELLED", "Cancelled"));
  }

  /** Does no more. */
  [Symbol.dispose](): void {
    clearTimeout(this.#timer);
    this.#steps.return(undefined);
  }

  #resume(): void {
    try {
      this.run();
    } catch (error) {
      this.#replies.fail(error);
    }
  }
}
