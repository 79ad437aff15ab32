import { summarize, type Summary } from "./_statistics.ts";

/** What a row of the table is measured in. */
export type Unit = "ms" | "calls/s" | "KiB";

/** The ratio of ours to the baseline that is wanted. */
export type Reach = { readonly atMost: number } | { readonly atLeast: number };

/** One measured row. */
export interface RowResult {
  /** Short name, for `--rows`. */
  readonly id: string;
  /** What was measured. */
  readonly title: string;
  /** What it was measured against. */
  readonly against: string;
  readonly unit: Unit;
  readonly ours: Summary;
  readonly baseline: Summary;
  /** Median of ours divided by the median of the baseline. */
  readonly ratio: number;
  /** The ratio that is wanted, if one is. */
  readonly reach: Reach | null;
  /** Whether the ratio is as wanted; null where none is. */
  readonly reached: boolean | null;
  /** Facts worth a line under the table. */
  readonly notes: readonly string[];
}

/** What every row is given. */
export interface BenchContext {
  /** Whether few rounds do. */
  readonly quick: boolean;
  /** Aborted when the benchmark was interrupted or ran out of all its time. */
  readonly signal: AbortSignal;
  /** A directory for scratch files; removed at the end. */
  readonly directory: string;
  /** The moment, by `performance.now()`, after which no new round begins. */
  readonly softDeadline: number;
  /** Tells what goes on, on stderr. */
  readonly progress: (text: string) => void;
}

/** A row before it is measured. */
export interface BenchRow {
  /** Short name, for `--rows`. */
  readonly id: string;
  /** One line for `--help`. */
  readonly summary: string;
  /** Measures it. */
  run(context: BenchContext): Promise<RowResult>;
}

/** Measures something once and returns the figure; what it must not count, it does outside. */
export type Measure = () => Promise<number>;

/** Options of {@linkcode interleave}. */
export interface InterleaveOptions {
  /** Measured rounds, each one of ours and one of the baseline. */
  readonly rounds: number;
  /**
   * Rounds taken at a time: first all of ours, then all of the baseline. More than one where a side is
   * used again and again in practice, so that it is not charged for what the other left of the caches, or
   * left running. @default {1}
   */
  readonly block?: number;
  /** Milliseconds before each block, for what the other side left running. @default {0} */
  readonly restMs?: number;
  /** Rounds before them that do not count. @default {1} */
  readonly warmups?: number;
}

/** Figures of two measures taken in turns. */
export interface Interleaved {
  readonly ours: number[];
  readonly baseline: number[];
  /** True if time ran out before all rounds were done. */
  readonly cutShort: boolean;
}

/** Takes two measures in turns, A B A B … or in blocks, so that a busy time of the machine meets both. */
export async function interleave(
  context: BenchContext,
  measures: { readonly ours: Measure; readonly baseline: Measure },
  options: InterleaveOptions,
): Promise<Interleaved> {
  const { rounds, warmups = 1, block = 1, restMs = 0 } = options;
  const { signal } = context;
  await takeBlock(measures, { rounds: warmups, restMs, signal });
  const ours: number[] = [];
  const baseline: number[] = [];
  while (ours.length < rounds) {
    if (ours.length > 0 && performance.now() > context.softDeadline) {
      return { ours, baseline, cutShort: true };
    }
    const size = Math.min(block, rounds - ours.length);
    const taken = await takeBlock(measures, { rounds: size, restMs, signal });
    ours.push(...taken.ours);
    baseline.push(...taken.baseline);
  }
  return { ours, baseline, cutShort: false };
}

async function takeBlock(
  measures: { readonly ours: Measure; readonly baseline: Measure },
  { rounds, restMs, signal }: {
    readonly rounds: number;
    readonly restMs: number;
    readonly signal: AbortSignal;
  },
): Promise<{ ours: number[]; baseline: number[] }> {
  const take = async (measure: Measure) => {
    if (restMs > 0) await pause(restMs, signal);
    const figures: number[] = [];
    for (let round = 0; round < rounds; round++) {
      signal.throwIfAborted();
      figures.push(await measure());
    }
    return figures;
  };
  return { ours: await take(measures.ours), baseline: await take(measures.baseline) };
}

/** What {@linkcode finishRow} needs beside the figures. */
export type RowFacts = Pick<
  RowResult,
  "id" | "title" | "against" | "unit" | "reach" | "notes"
>;

/** Makes a row of interleaved figures. */
export function finishRow(facts: RowFacts, figures: Interleaved): RowResult {
  const ours = summarize(figures.ours);
  const baseline = summarize(figures.baseline);
  const ratio = ours.median / baseline.median;
  const notes = figures.cutShort
    ? [...facts.notes, `Cut short by the time limit after ${ours.count} rounds`]
    : facts.notes;
  return {
    ...facts,
    ours,
    baseline,
    ratio,
    reached: isReached(ratio, facts.reach),
    notes,
  };
}

/** Whether a ratio is as wanted; null where nothing is. */
export function isReached(ratio: number, reach: Reach | null): boolean | null {
  if (reach === null) return null;
  return "atMost" in reach ? ratio <= reach.atMost : ratio >= reach.atLeast;
}

/** Waits, or throws as soon as the signal is aborted. */
export function pause(
  milliseconds: number,
  signal: AbortSignal,
): Promise<void> {
  return new Promise((resolve, reject) => {
    signal.throwIfAborted();
    const done = (settle: () => void) => {
      clearTimeout(timer);
      signal.removeEventListener("abort", onAbort);
      settle();
    };
    const onAbort = () => done(() => reject(signal.reason));
    const timer = setTimeout(() => done(resolve), milliseconds);
    signal.addEventListener("abort", onAbort);
  });
}
