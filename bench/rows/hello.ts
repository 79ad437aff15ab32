import { BenchClient } from "../_client.ts";
import {
  type BenchContext,
  type BenchRow,
  finishRow,
  interleave,
  pause,
} from "../_harness.ts";
import {
  closeSessions,
  createSession,
  executeHello,
  HelloFile,
} from "../_hello.ts";
import { startServer } from "../_server.ts";
import { timed } from "../_timing.ts";

/** Time for the server to make a new spare, outside of what is measured, in milliseconds. */
const REFILL_MS = 150;

const AGAINST = "`deno run hello.ts` to its exit";

/** Create, run and answer while a started child waits. */
export const helloWithSpare: BenchRow = {
  id: "hello",
  summary: "create + TypeScript hello + answer, a spare ready",
  async run(context) {
    const figures = await measureHello(context, {});
    return finishRow({
      id: this.id,
      title:
        "Create a session, run the TypeScript hello, get the answer; a spare is ready",
      against: AGAINST,
      unit: "ms",
      reach: { atMost: 0.5 },
      notes: [],
    }, figures);
  },
};

/** The same when the child has yet to start. */
export const helloWithoutSpare: BenchRow = {
  id: "hello-cold",
  summary: "the same, no spare",
  async run(context) {
    const figures = await measureHello(context, { CODEBEAKER_SPARES: "0" });
    return finishRow({
      id: this.id,
      title: "The same without a spare: the child starts on demand",
      against: AGAINST,
      unit: "ms",
      reach: { atMost: 1.6 },
      notes: [],
    }, figures);
  },
};

async function measureHello(
  context: BenchContext,
  env: Readonly<Record<string, string>>,
) {
  await using server = await startServer({ directory: context.directory, env });
  using client = await BenchClient.connect(server.url);
  const file = await HelloFile.write(context.directory);
  const ours = async () => {
    await pause(REFILL_MS, context.signal);
    let sessionId = "";
    const milliseconds = await timed(async () => {
      sessionId = await createSession(client);
      await executeHello(client, sessionId);
    });
    await closeSessions(client, [sessionId]);
    return milliseconds;
  };
  const baseline = async () => {
    // The same rest as before ours, so that both meet the machine in the same state.
    await pause(REFILL_MS, context.signal);
    return timed(() => file.run(context.signal));
  };
  return interleave(context, { ours, baseline }, {
    rounds: context.quick ? 8 : 60,
    warmups: 3,
  });
}
