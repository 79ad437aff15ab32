import { BenchClient } from "../_client.ts";
import { type BenchRow, finishRow, interleave } from "../_harness.ts";
import { createSession, executeHello, HelloFile } from "../_hello.ts";
import { startServer } from "../_server.ts";
import { countHits, rest, restUntilSpare } from "../_spares.ts";
import { timed } from "../_timing.ts";

const EXECUTIONS = 10;

/** Ten executions, each after the other's answer, in one session. */
export const sequence: BenchRow = {
  id: "ten",
  summary: "ten executions one after another in one session",
  async run(context) {
    const { directory, signal } = context;
    await using server = await startServer({ directory });
    using client = await BenchClient.connect(server.url);
    const file = await HelloFile.write(directory);
    const sessionId = await createSession(client);
    const hits = await countHits(client);
    const figures = await interleave(context, {
      ours: async () => {
        await restUntilSpare(client, signal);
        return timed(() => tenTimes(() => executeHello(client, sessionId)));
      },
      baseline: async () => {
        await rest(signal);
        return timed(() => tenTimes(() => file.run(signal)));
      },
    }, { rounds: context.quick ? 4 : 25 });
    return finishRow({
      id: "ten",
      title: "Ten executions in one session, one after another",
      against: "ten `deno run hello.ts`, one after another",
      unit: "ms",
      reach: { atMost: 0.4 },
      notes: [await hits()],
    }, figures);
  },
};

async function tenTimes(action: () => Promise<void>): Promise<void> {
  for (let i = 0; i < EXECUTIONS; i++) await action();
}
