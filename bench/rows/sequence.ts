import { BenchClient } from "../_client.ts";
import { type BenchRow, finishRow, interleave, pause } from "../_harness.ts";
import { createSession, executeHello, HelloFile } from "../_hello.ts";
import { startServer } from "../_server.ts";
import { timed } from "../_timing.ts";

const EXECUTIONS = 10;
/** Rest before each round, outside of what is measured, in milliseconds. */
const REST_MS = 150;

/** Ten executions, each after the other's answer, in one session. */
export const sequence: BenchRow = {
  id: "ten",
  summary: "ten executions one after another in one session",
  async run(context) {
    await using server = await startServer({ directory: context.directory });
    using client = await BenchClient.connect(server.url);
    const file = await HelloFile.write(context.directory);
    const sessionId = await createSession(client);
    const tenTimes = async (action: () => Promise<void>) => {
      await pause(REST_MS, context.signal);
      return timed(async () => {
        for (let i = 0; i < EXECUTIONS; i++) await action();
      });
    };
    const figures = await interleave(context, {
      ours: () => tenTimes(() => executeHello(client, sessionId)),
      baseline: () => tenTimes(() => file.run(context.signal)),
    }, { rounds: context.quick ? 4 : 25 });
    return finishRow({
      id: this.id,
      title: "Ten executions in one session, one after another",
      against: "ten `deno run hello.ts`, one after another",
      unit: "ms",
      reach: { atMost: 0.4 },
      notes: [],
    }, figures);
  },
};
