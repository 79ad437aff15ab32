import { BenchClient } from "../_client.ts";
import { type BenchRow, finishRow, interleave, pause } from "../_harness.ts";
import { closeSessions, createSession, executeHello, HelloFile } from "../_hello.ts";
import { startServer } from "../_server.ts";
import { countHits } from "../_spares.ts";
import { timed } from "../_timing.ts";

const SESSIONS = 100;
const CONNECTIONS = 4;
/** Rest before each round, outside of what is measured, in milliseconds. */
const REST_MS = 1000;

/** A hundred sessions asked for at the same moment. */
export const burst: BenchRow = {
  id: "burst",
  summary: "100 create + run at once",
  async run(context) {
    await using server = await startServer({ directory: context.directory });
    using connections = new DisposableStack();
    const clients: BenchClient[] = [];
    for (let i = 0; i < CONNECTIONS; i++) {
      clients.push(connections.use(await BenchClient.connect(server.url)));
    }
    const file = await HelloFile.write(context.directory);
    const ours = async () => {
      await pause(REST_MS, context.signal);
      const made: [BenchClient, string][] = [];
      const milliseconds = await timed(() =>
        atOnce(async (index) => {
          const client = clients[index % CONNECTIONS]!;
          const sessionId = await createSession(client);
          made.push([client, sessionId]);
          await executeHello(client, sessionId);
        })
      );
      await Promise.all(
        made.map(([client, sessionId]) => closeSessions(client, [sessionId])),
      );
      return milliseconds;
    };
    const baseline = async () => {
      await pause(REST_MS, context.signal);
      return timed(() => atOnce(() => file.run(context.signal)));
    };
    const hits = await countHits(clients[0]!);
    const figures = await interleave(context, { ours, baseline }, {
      rounds: context.quick ? 2 : 9,
    });
    return finishRow({
      id: this.id,
      title: `${SESSIONS} sessions created and run at once, until the last answer`,
      against: `${SESSIONS} \`deno run hello.ts\` started at once, until the last exit`,
      unit: "ms",
      reach: { atMost: 1.2 },
      notes: [`The ${SESSIONS} sessions share ${CONNECTIONS} connections`, await hits()],
    }, figures);
  },
};

async function atOnce(action: (index: number) => Promise<void>): Promise<void> {
  await Promise.all(
    Array.from({ length: SESSIONS }, (_, index) => action(index)),
  );
}
