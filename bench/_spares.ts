import type { BenchClient } from "./_client.ts";
import { pause } from "./_harness.ts";

/** Time for the server to make new spares, outside of what is measured, in milliseconds. */
const REST_MS = 150;
/** How often and how long it is asked after that, in milliseconds. */
const POLL_MS = 50;
const MAX_WAIT_MS = 5000;

/** What `runtime.list` tells of the children started ahead. */
export interface SpareStats {
  readonly ready: number;
  readonly starting: number;
  /** Executions so far that found one ready, and that did not. */
  readonly hits: number;
  readonly misses: number;
}

/** Asks the server for its spares. */
async function readSpares(client: BenchClient): Promise<SpareStats> {
  const { runtimes } = await client.call("runtime.list", {});
  const details = runtimes.find(({ name }) => name === "deno")?.details;
  const stats = (details?.spares ?? {}) as Partial<SpareStats>;
  return { ready: 0, starting: 0, hits: 0, misses: 0, ...stats };
}

/** Rests until the server has spares ready and starts no more; throws after a while without. */
export async function restUntilSpare(client: BenchClient, signal: AbortSignal): Promise<void> {
  await pause(REST_MS, signal);
  const end = performance.now() + MAX_WAIT_MS;
  while (true) {
    const { ready, starting } = await readSpares(client);
    if (ready > 0 && starting === 0) return;
    if (performance.now() > end) {
      throw new Error(`Cannot go on: the server has no spare ready after ${MAX_WAIT_MS} ms`);
    }
    await pause(POLL_MS, signal);
  }
}

/** Counts executions from now on; the returned function says how many of them found a spare ready. */
export async function countHits(client: BenchClient): Promise<() => Promise<string>> {
  const before = await readSpares(client);
  return async () => {
    const after = await readSpares(client);
    const hits = after.hits - before.hits;
    const all = hits + after.misses - before.misses;
    return `${hits} of ${all} executions found a spare ready`;
  };
}

/** Rests as long as {@linkcode restUntilSpare} usually does, where there are no spares to wait for. */
export function rest(signal: AbortSignal): Promise<void> {
  return pause(REST_MS, signal);
}
