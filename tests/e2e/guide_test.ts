import { assertEquals } from "@std/assert";
import type { RpcClient, RpcMessage } from "../testutil/rpc_client.ts";
import { type Bindings, differences, substitute } from "../testutil/pattern.ts";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";

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

const GUIDE = new URL("../testdata/guide.json", import.meta.url);
const { scenarios } = JSON.parse(await Deno.readTextFile(GUIDE)) as {
  scenarios: Scenario[];
};
const server = sharedServer({ env: queryEnv(import.meta.url) });

for (const scenario of scenarios) {
  Deno.test(`server answers as the guide says: ${scenario.name}`, async () => {
    await using client = await server.connect();
    try {
      const bindings: Bindings = new Map();
      for (const step of scenario.steps) {
        if ("steps" in step) await runGroup(client, step, bindings);
        else {await runGroup(
            client,
            { pipelined: true, steps: [step] },
            bindings,
          );}
      }
    } finally {
      await closeAll(client);
    }
  });
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
