/** Settles as the promise does, or rejects after `ms` with `what` in the message; leaves no timer behind. */
export async function within<T>(
  promise: Promise<T>,
  ms: number,
  what: string,
): Promise<T> {
  const { promise: late, reject } = Promise.withResolvers<never>();
  const timer = setTimeout(
    () => reject(new Error(`Cannot wait any longer for ${what}`)),
    ms,
  );
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Asks again every `everyMs` until the answer is true; rejects after `ms` with `what` in the message. */
export async function until(
  condition: () => boolean | Promise<boolean>,
  ms: number,
  what: string,
): Promise<void> {
  const everyMs = 25;
  for (let waited = 0; waited < ms; waited += everyMs) {
    if (await condition()) return;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
  throw new Error(`Cannot wait any longer for ${what}`);
}
