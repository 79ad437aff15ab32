import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import type { BuildStep } from "../../../runtimes/build/build_plan.ts";
import { runSteps, StepSkippedError } from "../../../runtimes/build/run_steps.ts";

function step(image: string, ...needs: string[]): BuildStep {
  return { image, needs, folder: image, dockerfile: "", buildArgs: {}, pulls: undefined };
}

/** Steps that end when they are told to. */
class Work {
  readonly begun: string[] = [];
  readonly #ends = new Map<string, PromiseWithResolvers<void>>();

  run = async ({ image }: BuildStep): Promise<void> => {
    this.begun.push(image);
    await this.#endOf(image).promise;
  };

  async end(image: string, error?: Error): Promise<void> {
    const { resolve, reject } = this.#endOf(image);
    if (error === undefined) resolve();
    else reject(error);
    // What follows from it needs a few turns.
    for (let turn = 0; turn < 10; turn++) await Promise.resolve();
  }

  #endOf(image: string): PromiseWithResolvers<void> {
    const known = this.#ends.get(image) ?? Promise.withResolvers<void>();
    this.#ends.set(image, known);
    return known;
  }
}

Deno.test("runSteps() runs as many at a time as it may, in order", async () => {
  const work = new Work();
  const done = runSteps([step("a"), step("b"), step("c")], work.run, { jobs: 2 });
  assertEquals(work.begun, ["a", "b"]);
  await work.end("b");
  assertEquals(work.begun, ["a", "b", "c"]);
  await work.end("a");
  await work.end("c");
  assertEquals((await done).map((result) => "error" in result), [false, false, false]);
});

Deno.test("runSteps() begins a step when what it needs is there, and another in the meantime", async () => {
  const work = new Work();
  const done = runSteps([step("base"), step("top", "base"), step("other")], work.run, { jobs: 2 });
  assertEquals(work.begun, ["base", "other"]);
  await work.end("other");
  assertEquals(work.begun, ["base", "other"]);
  await work.end("base");
  assertEquals(work.begun, ["base", "other", "top"]);
  await work.end("top");
  await done;
});

Deno.test("runSteps() skips what needs a step that failed, and all that needs that", async () => {
  const work = new Work();
  const steps = [step("base"), step("top", "base"), step("tip", "top"), step("other")];
  const done = runSteps(steps, work.run, { jobs: 1 });
  const error = new Error("broken");
  await work.end("base", error);
  await work.end("other");
  const [base, top, tip, other] = await done;
  assertEquals(base?.error, error);
  assertInstanceOf(top?.error, StepSkippedError);
  assertInstanceOf(tip?.error, StepSkippedError);
  assert(other !== undefined && !("error" in other));
  assertEquals(work.begun, ["base", "other"]);
});

Deno.test("runSteps() ends although the last steps are all skipped", async () => {
  const results = await runSteps([step("base"), step("top", "base")], () => {
    return Promise.reject(new Error("broken"));
  });
  assertEquals(results.length, 2);
});
