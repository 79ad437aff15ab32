/** Something that does a part of its work when it is its turn. */
export interface TurnTaker {
  /** Works until a point of `performance.now()`, or a little longer. */
  takeTurn(deadline: number): void;
}

/** How often everybody has a turn, if the time is enough. */
const PERIOD_MS = 50;
/** The time of all turns of a period: whatever happens in files, most of the time is left to others. */
const BUDGET_MS = 10;
const SLICE_MS = 4;

const takers = new Set<TurnTaker>();
let timer: ReturnType<typeof setInterval> | undefined;

/** Gives something its turns until it is disposed. */
export function takeTurns(taker: TurnTaker): Disposable {
  takers.add(taker);
  timer ??= setInterval(runTurns, PERIOD_MS);
  return {
    [Symbol.dispose]: () => {
      takers.delete(taker);
      if (takers.size > 0) return;
      clearInterval(timer);
      timer = undefined;
    },
  };
}

function runTurns(): void {
  const start = performance.now();
  for (const taker of [...takers]) {
    const now = performance.now();
    if (now - start >= BUDGET_MS) return;
    if (!takers.delete(taker)) continue;
    // Who had a turn is the last of the next period, so those who had none come first.
    takers.add(taker);
    taker.takeTurn(now + SLICE_MS);
  }
}
