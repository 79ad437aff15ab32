import process from "node:process";
import type { Instruments } from "./instruments.ts";
import type {
  BackgroundCount,
  MetricSources,
  PoolFigures,
  RuntimeAvailability,
  SessionCount,
} from "./sources.ts";
import type { LabelBounds } from "./vocabulary.ts";

/** Asks every source, and sets what is not counted by events. Rejects with what a source throws. */
export async function readSources(
  sources: MetricSources,
  instruments: Instruments,
  bounds: LabelBounds,
): Promise<void> {
  const runtimes = await sources.runtimes?.() ?? [];
  // From here on nothing waits, so that the figures are of one moment.
  setRuntimes(runtimes, instruments, bounds);
  setSessions(sources.sessions?.() ?? [], instruments, bounds);
  setBackground(sources.background?.() ?? [], instruments, bounds);
  setPools(sources.pools?.() ?? [], instruments, bounds);
  const { queued, running } = sources.executions?.() ?? { queued: 0, running: 0 };
  instruments.queued.set(queued);
  instruments.running.set(running);
  instruments.callsInFlight.set(sources.calls?.() ?? 0);
  setProcess(instruments);
}

function setRuntimes(
  all: Iterable<RuntimeAvailability>,
  { runtimes }: Instruments,
  bounds: LabelBounds,
): void {
  runtimes.reset();
  for (const { runtime, available } of all) {
    runtimes.set({ ["runtime_type"]: bounds.runtimes(runtime) }, available ? 1 : 0);
  }
}

function setSessions(
  counts: Iterable<SessionCount>,
  { sessions }: Instruments,
  bounds: LabelBounds,
): void {
  sessions.reset();
  for (const { runtime, language, state, count } of counts) {
    sessions.inc({
      ["runtime_type"]: bounds.runtimes(runtime),
      language: bounds.languages(language),
      state: bounds.states(state),
    }, count);
  }
}

function setBackground(
  counts: Iterable<BackgroundCount>,
  { processes: processGauge, watches: watchGauge }: Instruments,
  bounds: LabelBounds,
): void {
  for (const each of [processGauge, watchGauge]) each.reset();
  for (const { runtime, processes, watches } of counts) {
    const labels = { ["runtime_type"]: bounds.runtimes(runtime) };
    processGauge.inc(labels, processes);
    watchGauge.inc(labels, watches);
  }
}

function setPools(
  figures: Iterable<PoolFigures>,
  { poolSize, poolHits, poolMisses }: Instruments,
  bounds: LabelBounds,
): void {
  // The pools count by themselves; what they say replaces what they said before.
  for (const each of [poolSize, poolHits, poolMisses]) each.reset();
  for (const { pool: name, ready, starting, hits, misses } of figures) {
    const pool = bounds.pools(name);
    poolSize.inc({ pool, state: "ready" }, ready);
    poolSize.inc({ pool, state: "starting" }, starting);
    poolHits.inc({ pool }, hits);
    poolMisses.inc({ pool }, misses);
  }
}

function setProcess({ memory, heapUsed, heapSize, external, cpu }: Instruments): void {
  const usage = Deno.memoryUsage();
  memory.set(usage.rss);
  heapUsed.set(usage.heapUsed);
  heapSize.set(usage.heapTotal);
  external.set(usage.external);
  const { user, system } = process.cpuUsage();
  cpu.reset();
  cpu.inc((user + system) / 1e6);
}
