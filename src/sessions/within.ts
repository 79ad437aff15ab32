import type { Clock } from "./clock.ts";

/** Waits for a promise, but not longer than so many milliseconds; false if it has not settled by then. */
export async function settlesWithin(
  promise: Promise<unknown>,
  ms: number,
  clock: Pick<Clock, "after">,
): Promise<boolean> {
  const { promise: timedOut, resolve } = Promise.withResolvers<boolean>();
  using _timer = clock.after(ms, () => resolve(false));
  return await Promise.race([promise.then(() => true, () => true), timedOut]);
}

/** Waits for a promise or a signal; rejects with the signal's reason if that comes first. */
export async function unlessAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const onAbort = () => reject(signal.reason);
  signal.addEventListener("abort", onAbort, { once: true });
  if (signal.aborted) onAbort();
  try {
    return await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
