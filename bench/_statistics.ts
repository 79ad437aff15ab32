/** What a series of measurements comes down to. */
export interface Summary {
  /** How many values it was made from. */
  readonly count: number;
  /** The value in the middle. */
  readonly median: number;
  /** The value that 95 of 100 do not exceed. */
  readonly p95: number;
  /** The smallest value. */
  readonly min: number;
  /** The largest value. */
  readonly max: number;
}

/** Summarises values of one unit; throws a `RangeError` if there are none. */
export function summarize(values: readonly number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b);
  return {
    count: sorted.length,
    median: quantile(sorted, 0.5),
    p95: quantile(sorted, 0.95),
    min: quantile(sorted, 0),
    max: quantile(sorted, 1),
  };
}

/**
 * The value at a share of an ascending series, between two neighbours by straight interpolation.
 * Throws a `RangeError` on an empty series or a share outside 0 to 1.
 */
export function quantile(sorted: readonly number[], share: number): number {
  if (!(share >= 0 && share <= 1)) {
    throw new RangeError(
      `Cannot take quantile ${share}: expected a share from 0 to 1`,
    );
  }
  const position = (sorted.length - 1) * share;
  const below = sorted[Math.floor(position)];
  const above = sorted[Math.ceil(position)];
  if (below === undefined || above === undefined) {
    throw new RangeError(
      "Cannot take a quantile of no values: expected at least one",
    );
  }
  return below + (above - below) * (position - Math.floor(position));
}
