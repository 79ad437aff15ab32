import { assert, assertInstanceOf } from "@std/assert";
import { AgentLostError, AgentRefusal } from "../../src/agent/agent_error.ts";
import { AgentLink } from "../../src/agent/agent_link.ts";
import { encodeJson } from "../../src/agent/inside/frame_payload.ts";
import { encodeFrame } from "../../src/agent/inside/frames.ts";
import { within } from "../testutil/within.ts";
import { concat, Random } from "./random.ts";
import { EXIT, FACTS, READY, ScriptedAgent } from "./scripted_agent.ts";

const ENTRY = { name: "a", type: "file", size: 1, modifiedAt: "2020-01-01T00:00:00.000Z" };

/** The answers to one request of each kind, in the order in which they are made below. */
const ANSWERS = concat([
  encodeFrame("started", 1, encodeJson({ pid: 9 })),
  encodeFrame("stdout", 1, encodeJson({ some: "output" })),
  encodeFrame("result", 2, encodeJson({ size: 5, length: 5, ...FACTS })),
  encodeFrame("data", 2, new Uint8Array(5)),
  encodeFrame("end", 2),
  encodeFrame("data", 3, encodeJson({ entries: [ENTRY] })),
  encodeFrame("end", 3),
  encodeFrame("result", 4, encodeJson({ bytes: 3 })),
  encodeFrame("fail", 5, encodeJson({ code: "ENOENT", message: "missing" })),
  encodeFrame("exit", 1, encodeJson(EXIT)),
]);

/** Makes the requests, plays bytes to them, ends the channel, and returns what they came to. */
async function play(chunks: readonly Uint8Array[]): Promise<PromiseSettledResult<unknown>[]> {
  const agent = new ScriptedAgent();
  agent.say("ready", 0, READY);
  const link = await AgentLink.open(agent);
  const signal = new AbortController().signal;
  const requests = [
    link.run({ argv: ["true"], cwd: "/", env: {} }, { output: () => {}, signal }),
    link.files.read("/a", { maxBytes: 1000 }),
    link.files.list("/"),
    link.files.write("/a", new Uint8Array(3)),
    link.files.info("/a"),
  ];
  const settled = Promise.allSettled(requests);
  for (const chunk of chunks) agent.sayBytes(chunk);
  agent.sayBytes(null);
  const results = await within(settled, 10_000, "every request to come to an end");
  await link[Symbol.asyncDispose]();
  return results;
}

Deno.test("AgentLink does understand answers however they are split", async () => {
  const random = new Random(11);
  for (let round = 0; round < 100; round++) {
    const results = await play(random.split(ANSWERS, random.pick([1, 2, 7, 40])));
    const states = results.map(({ status }) => status).join(" ");
    assert(states === "fulfilled fulfilled fulfilled fulfilled rejected", states);
  }
});

Deno.test("AgentLink does bring every request to an end, whatever an agent says", async () => {
  const random = new Random(12);
  let lost = 0;
  for (let round = 0; round < 500; round++) {
    let bytes = random.mutate(ANSWERS);
    if (random.below(3) === 0 && bytes.length > 0) bytes = random.mutate(bytes);
    for (const result of await play(random.split(bytes, 60))) {
      if (result.status === "fulfilled") continue;
      const { reason } = result;
      if (reason instanceof AgentRefusal) continue;
      assertInstanceOf(reason, AgentLostError);
      lost++;
    }
  }
  assert(lost > 100, `${lost} requests were lost`);
});
