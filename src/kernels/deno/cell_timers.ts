const { clearTimeout, clearInterval, reportError } = globalThis;
/** The timers that the running cell has set. */
const timeouts = new Set<number>();
const intervals = new Set<number>();

/** Puts timers in the place of the global ones that remember which the running cell has set. */
export function replaceTimers(isCellRunning: () => boolean): void {
  const globals = globalThis as unknown as Record<string, unknown>;
  const { setTimeout, setInterval, setImmediate } = globalThis;
  globals.setTimeout = (action: unknown, ...rest: unknown[]) => {
    const id: number = call(setTimeout, [later(action, () => timeouts.delete(id)), ...rest]);
    if (isCellRunning()) timeouts.add(id);
    return id;
  };
  globals.setInterval = (action: unknown, ...rest: unknown[]) => {
    const id = call(setInterval, [later(action), ...rest]);
    if (isCellRunning()) intervals.add(id);
    return id;
  };
  globals.setImmediate = (action: unknown, ...rest: unknown[]) =>
    call(setImmediate, [later(action), ...rest]);
}

/** Stops the timers of the running cell: what it waits for does not come, so that it does not go on. */
export function stopTimers(): void {
  for (const id of timeouts) clearTimeout(id);
  for (const id of intervals) clearInterval(id);
}

/** Leaves to themselves the timers of a cell that has ended. */
export function releaseTimers(): void {
  timeouts.clear();
  intervals.clear();
}

/**
 * Lets what a timer does run as a microtask: what runs in the timer itself takes the process along when it is
 * ended.
 */
function later(action: unknown, before?: () => void): unknown {
  if (typeof action !== "function") return action;
  return (...args: unknown[]) => {
    before?.();
    void (async () => {
      await undefined;
      try {
        action(...args);
      } catch (error) {
        reportError(error);
      }
    })();
  };
}

function call(timer: unknown, args: unknown[]): number {
  return (timer as (...args: unknown[]) => number)(...args);
}
