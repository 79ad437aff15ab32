import { assertEquals } from "@std/assert";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import { type Bindings, differences, substitute } from "../testutil/pattern.ts";
import type { RpcMessage } from "../testutil/rpc_client.ts";
import { until } from "../testutil/within.ts";
import type { Caller } from "./callers.ts";
import { requestHttp } from "./http_requests.ts";
import { commandLines } from "./sandbox_processes.ts";
import type { Bind, Call, Expected, RuntimeName, Step } from "./scenario.ts";

const WAIT_MS = 20_000;

/** Where steps are carried out. */
export interface Place {
  readonly runtime: RuntimeName;
  /** The id of the session's container or sandbox. */
  readonly containerId: string;
  /** The address of the server. */
  readonly origin: string;
  readonly caller: Caller;
  /** Opens another connection. */
  connect(): Promise<Caller>;
  /** What steps refer to, `session` at least. */
  readonly bindings: Bindings;
}

/** Carries out the steps of a scenario, which fails at the first that is not as expected. */
export async function runSteps(steps: readonly Step[], place: Place): Promise<void> {
  const begun = new Map<string, Promise<RpcMessage>>();
  for (const step of steps) await runStep(step, place, begun);
  // What was begun and is of no interest has its one answer all the same.
  await Promise.all(begun.values());
}

async function runStep(
  step: Step,
  place: Place,
  begun: Map<string, Promise<RpcMessage>>,
): Promise<void> {
  const { bindings, caller } = place;
  const filled = <T>(value: T): T => substitute(value, bindings) as T;
  if ("begin" in step) {
    const answer = caller.call(filled(step.call));
    // A step that fails before comes first.
    answer.catch(() => {});
    begun.set(step.begin, answer);
  } else if ("call" in step && step.anew === true) {
    await using other = await place.connect();
    check(step, await other.call(filled(step.call)), step.call, bindings);
  } else if ("call" in step) {
    check(step, await caller.call(filled(step.call)), step.call, bindings);
  } else if ("http" in step) {
    const { bytes, ...answer } = await requestHttp(place.origin, filled(step.http));
    assertEquals(differences(answer, step.expect, bindings), [], show(step.http, answer));
    bindAll(step.bind, { ...answer, bytes }, bindings);
  } else if ("answered" in step) {
    check(step, await begun.get(step.answered)!, step.answered, bindings);
  } else if ("until" in step) {
    await callUntil(step, place);
  } else if ("together" in step) {
    const answers = await Promise.all(step.together.map((call) => caller.call(filled(call))));
    assertEquals(differences(answers, step.expect, bindings), []);
  } else if ("batch" in step) {
    assertEquals(differences(await caller.batch(filled(step.batch)), step.expect, bindings), []);
  } else if ("notified" in step) {
    const { params } = step;
    await caller.notified(
      step.notified,
      (told) => differences(told, params, bindings).length === 0,
    );
  } else if ("running" in step) {
    await untilRunning(filled(step.running), step.count, place);
  } else {
    assertEquals(await gather(step.connections, filled(step.gather), place), filled(step.expect));
  }
}

function check(
  { expect, bind }: { readonly expect: Expected; readonly bind?: Bind },
  answer: RpcMessage,
  what: unknown,
  bindings: Bindings,
): void {
  assertEquals(differences(answer, expect, bindings), [], show(what, answer));
  assertEquals("result" in answer, !("error" in answer), "Expected a result or an error, not both");
  bindAll(bind, answer, bindings);
}

function show(what: unknown, answer: unknown): string {
  return `${JSON.stringify(what)}\n${JSON.stringify(answer).slice(0, 2000)}`;
}

function bindAll(bind: Bind = {}, answer: unknown, bindings: Bindings): void {
  for (const [name, place] of Object.entries(bind)) bindings.set(name, valueAt(answer, place));
}

async function callUntil(
  step: Extract<Step, { readonly until: Call }>,
  { caller, bindings }: Place,
): Promise<void> {
  let last: RpcMessage | undefined;
  const isThere = async () => {
    last = await caller.call(substitute(step.until, bindings) as Call);
    return differences(last, step.expect, bindings).length === 0;
  };
  try {
    await until(isThere, WAIT_MS, step.until.method);
  } catch (cause) {
    const shown = JSON.stringify(last).slice(0, 2000);
    throw new Error(`${(cause as Error).message}, last answered ${shown}`, { cause });
  }
  check(step, last!, step.until, bindings);
}

async function untilRunning(
  text: string,
  count: number,
  { runtime, containerId }: Place,
): Promise<void> {
  let found: string[] = [];
  const isSo = async () => {
    found = (await commandLines(runtime, containerId)).filter((line) => line.includes(text));
    return found.length === count;
  };
  // What has ended is gone at once; this is the second after which nothing may be left of it.
  const ms = count === 0 ? 1000 : WAIT_MS;
  try {
    await until(isSo, ms, `${count} processes with "${text}"`);
  } catch (cause) {
    throw new Error(`${(cause as Error).message}, there are ${JSON.stringify(found)}`, { cause });
  }
}

/** Reads a process's output on as many connections, each cut when it has got some. */
async function gather(connections: number, processId: string, place: Place): Promise<string> {
  const chunks: OutputChunk[] = [];
  for (let left = connections; left > 0; left--) {
    await using caller = await place.connect();
    chunks.push(...await caller.read(processId, { seq: chunks.length, toEnd: left === 1 }));
  }
  assertEquals(chunks.map(({ seq }) => seq), chunks.map((_, index) => index));
  return chunks.map(({ data }) => data).join("");
}

function valueAt(message: unknown, place: string): unknown {
  return place.split("/").slice(1).reduce<unknown>(
    (value, key) => (value as Record<string, unknown>)[key],
    message,
  );
}
