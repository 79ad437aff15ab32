import { assertEquals } from "@std/assert";
import type { Requirement } from "./requirement.ts";
import type { RpcClient, RpcMessage } from "./rpc_client.ts";
import { type Bindings, differences, substitute } from "./pattern.ts";
import type { SharedServer } from "./shared_server.ts";

interface Exchange {
  request: { id: number | string };
  response: unknown;
  /** Name to the place in the response that later steps refer to. */
  bind?: Record<string, string>;
}

/** Exchanges that are sent together before the first answer is awaited. */
interface Group {
  pipelined: true;
  /** Runs the steps so often, each time with another `$i`. */
  repeat?: number;
  steps: Exchange[];
}

interface Scenario {
  name: string;
  steps: (Exchange | Group)[];
}

/** Options of {@linkcode testGuide}. */
export interface GuideOptions {
  /** The scenarios, as a file of `tests/testdata/`. */
  readonly file: string;
  readonly server: SharedServer;
  /** What the scenarios need of the machine. */
  readonly requirement?: Requirement;
}

/** Registers a test for each scenario of a file of requests and the answers to them. */
export async function testGuide(options: GuideOptions): Promise<void> {
  const { file, server, requirement = {} } = options;
  const text = await Deno.readTextFile(new URL(`../testdata/${file}`, import.meta.url));
  const { scenarios } = JSON.parse(text) as { scenarios: Scenario[] };
  for (const scenario of scenarios) {
    Deno.test({
      ...requirement,
      name: `server answers as the guide says: ${scenario.name}`,
      fn: () => runScenario(server, scenario),
    });
  }
}

async function runScenario(server: SharedServer, { steps }: Scenario): Promise<void> {
  await using client = await server.connect();
  try {
    const bindings: Bindings = new Map();
    for (const step of steps) {
      await runGroup(client, "steps" in step ? step : { pipelined: true, steps: [step] }, bindings);
    }
  } finally {
    await closeAll(client);
  }
}

async function runGroup(
  client: RpcClient,
  group: Group,
  bindings: Bindings,
): Promise<void> {
  const exchanges = expand(group, bindings);
  for (const { request } of exchanges) client.sendRaw(JSON.stringify(request));
  for (const { request, response, bind = {} } of exchanges) {
    const answer = await client.next(({ id }) => id === request.id);
    assertEquals(
      differences(answer, response, bindings),
      [],
      JSON.stringify(request),
    );
    for (const [name, place] of Object.entries(bind)) {
      bindings.set(name, valueAt(answer, place));
    }
  }
}

function expand({ repeat, steps }: Group, bindings: Bindings): Exchange[] {
  if (repeat === undefined) {
    return steps.map((step) => ({
      ...step,
      request: substitute(step.request, bindings) as Exchange["request"],
    }));
  }
  return Array.from({ length: repeat }, (_, i) => {
    const local: Bindings = new Map([...bindings, ["i", i], [
      "i+100",
      i + 100,
    ]]);
    return steps.map((step) => substitute(step, local) as Exchange);
  }).flat();
}

function valueAt(message: RpcMessage, place: string): unknown {
  return place.split("/").slice(1).reduce<unknown>(
    (value, key) => (value as Record<string, unknown>)[key],
    message,
  );
}

async function closeAll(client: RpcClient): Promise<void> {
  const { sessions } = await client.request("session.list", {});
  for (const { sessionId } of sessions) {
    await client.request("session.close", { sessionId });
  }
}
