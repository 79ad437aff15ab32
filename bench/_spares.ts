import type { BenchClient } from "./_client.ts";
import { pause } from "./_harness.ts";

/** Time for the server to make new spares, outside of what is measured, in milliseconds. */
const REST_MS = 150;
/** How often it is asked after that, in milliseconds. */
const POLL_MS = 50;

/** Whose spares are meant, and for how long they are waited for at most. */
interface SpareKind {
  readonly maxWaitMs: number;
  /** What takes a spare, for a note. */
  readonly takers: string;
}

const KINDS = {
  deno: { maxWaitMs: 5000, takers: "executions" },
  // The first one waits until the agent is on the engine.
  docker: { maxWaitMs: 60_000, takers: "sessions" },
} as const satisfies Record<string, SpareKind>;

/** A runtime that starts something ahead. */
export type SpareRuntime = keyof typeof KINDS;

/** What `runtime.list` tells of what was started ahead. */
export interface SpareStats {
  readonly ready: number;
  readonly starting: number;
  /** How often one was taken so far that was ready, and how often there was none. */
  readonly hits: number;
  readonly misses: number;
}

/** Asks the server for its spares. */
async function readSpares(client: BenchClient, runtime: SpareRuntime): Promise<SpareStats> {
  const { runtimes } = await client.call("runtime.list", {});
  const details = runtimes.find(({ name }) => name === runtime)?.details;
  const stats = (details?.spares ?? {}) as Partial<SpareStats>;
  return { ready: 0, starting: 0, hits: 0, misses: 0, ...stats };
}

/** Rests until the server has spares ready and starts no more; throws after a while without. */
export async function restUntilSpare(
  client: BenchClient,
  signal: AbortSignal,
  runtime: SpareRuntime = "deno",
): Promise<void> {
  const { maxWaitMs } = KINDS[runtime];
  await pause(REST_MS, signal);
  const end = performance.now() + maxWaitMs;
  while (true) {
    const { ready, starting } = await readSpares(client, runtime);
    if (ready > 0 && starting === 0) return;
    if (performance.now() > end) {
      throw new Error(`Cannot go on: the server has no spare ready after ${maxWaitMs} ms`);
    }
    await pause(POLL_MS, signal);
  }
}

/** Counts what takes a spare from now on; the returned function says how many found one ready. */
export async function countHits(
  client: BenchClient,
  runtime: SpareRuntime = "deno",
): Promise<() => Promise<string>> {
  const before = await readSpares(client, runtime);
  return async () => {
    const after = await readSpares(client, runtime);
    const hits = after.hits - before.hits;
    const all = hits + after.misses - before.misses;
    return `${hits} of ${all} ${KINDS[runtime].takers} found a spare ready`;
  };
}

/** Rests as long as {@linkcode restUntilSpare} usually does, where there are no spares to wait for. */
export function rest(signal: AbortSignal): Promise<void> {
  return pause(REST_MS, signal);
}
