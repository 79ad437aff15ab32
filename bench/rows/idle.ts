import { pooledMap } from "@std/async";
import { BenchClient } from "../_client.ts";
import { type BenchContext, type BenchRow, pause, type RowResult } from "../_harness.ts";
import { closeSessions, createSession, executeHello } from "../_hello.ts";
import { type ProcessUsage, readProcessUsage } from "../_process_usage.ts";
import { startServer } from "../_server.ts";
import { summarize } from "../_statistics.ts";

const CONNECTIONS = 8;
/** Sessions that run something at the same time while the crowd is made. */
const PARALLEL = 8;
/** Shorter than by default, so that the row need not wait a minute for children to end. */
const SPARE_IDLE_SECONDS = 5;
/** How long idle sessions may keep a child before it is counted against them, in milliseconds. */
const SETTLE_MS = 20_000;

/** What many idle sessions cost: resident memory of the server, and processes. */
export const idle: BenchRow = {
  id: "idle",
  summary: "memory and processes of 1,000 idle sessions",
  async run(context) {
    const count = context.quick ? 100 : 1000;
    await using server = await startServer({
      directory: context.directory,
      env: {
        CODEBEAKER_MAX_SESSIONS: String(count * 2),
        CODEBEAKER_MAX_SESSIONS_PER_CONNECTION: String(count * 2),
        CODEBEAKER_SPARE_IDLE_SECONDS: String(SPARE_IDLE_SECONDS),
      },
    });
    using connections = new DisposableStack();
    const clients: BenchClient[] = [];
    for (let i = 0; i < CONNECTIONS; i++) {
      clients.push(connections.use(await BenchClient.connect(server.url)));
    }
    // What the first sessions cost, such as compiled code, is not what a session costs.
    await closeAll(await makeIdle(clients, PARALLEL * 4));
    const before = await settle(server.pid, 0, context);
    await makeIdle(clients, count);
    const after = await settle(server.pid, before.descendants, context);
    return describe(this.id, count, before, after);
  },
};

type Made = readonly [client: BenchClient, sessionId: string];

async function makeIdle(
  clients: readonly BenchClient[],
  count: number,
): Promise<Made[]> {
  const made: Made[] = [];
  const indexes = Array.from({ length: count }, (_, index) => index);
  for await (
    const entry of pooledMap(
      PARALLEL,
      indexes,
      async (index): Promise<Made> => {
        const client = clients[index % clients.length]!;
        const sessionId = await createSession(client);
        await executeHello(client, sessionId);
        return [client, sessionId];
      },
    )
  ) made.push(entry);
  return made;
}

async function closeAll(made: readonly Made[]): Promise<void> {
  await Promise.all(
    made.map(([client, sessionId]) => closeSessions(client, [sessionId])),
  );
}

/** Reads the usage once the processes are down to a number, or have had time enough. */
async function settle(
  pid: number,
  wanted: number,
  context: BenchContext,
): Promise<ProcessUsage> {
  const end = performance.now() + (wanted === 0 ? SETTLE_MS / 4 : SETTLE_MS);
  while (true) {
    await pause(1000, context.signal);
    const usage = await readProcessUsage(pid);
    if (usage.descendants <= wanted || performance.now() > end) return usage;
  }
}

function describe(
  id: string,
  count: number,
  before: ProcessUsage,
  after: ProcessUsage,
): RowResult {
  const kept = after.descendants - before.descendants;
  const perSession = (after.rssBytes - before.rssBytes) / count;
  const mebibytes = (bytes: number) => `${(bytes / 1024 ** 2).toFixed(1)} MiB`;
  return {
    id,
    title: `Memory of ${count} idle sessions, each of which has run once: the server, a session`,
    against: "the 30 MB that the guide gives for a Deno session",
    unit: "KiB",
    ours: summarize([perSession / 1024]),
    baseline: summarize([30_000_000 / 1024]),
    ratio: perSession / 30_000_000,
    reach: null,
    reached: kept <= 0,
    notes: [
      `Server before: ${mebibytes(before.rssBytes)} and ${before.descendants} child processes; ` +
      `with the sessions: ${mebibytes(after.rssBytes)} and ${after.descendants}`,
    ],
  };
}
