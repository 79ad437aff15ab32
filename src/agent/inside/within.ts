/** Waits for a promise, or until `ms` have passed, and then calls `late`. */
export async function within(
  promise: Promise<unknown>,
  ms: number,
  late: () => void,
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const timeout = new Promise<void>((resolve) => {
    timer = setTimeout(() => {
      late();
      resolve();
    }, ms);
  });
  await Promise.race([promise, timeout]);
  clearTimeout(timer);
}
