/** Signals a process, or a group by its negative number; false if it is gone or not ours. */
export function sendSignal(pid: number, signal: Deno.Signal): boolean {
  try {
    Deno.kill(pid, signal);
    return true;
  } catch {
    // It ended on its own, which is as good.
    return false;
  }
}

/**
 * Signals every process of this user but this one, in one step of the kernel: none can start another
 * meanwhile. Does nothing outside of a sandbox, where that would be every program of the machine.
 */
export function signalEverything(signal: Deno.Signal, options: { readonly sole: boolean }): void {
  // Twice the same question is better than once too few.
  if (!options.sole || Deno.uid() === 0) return;
  sendSignal(-1, signal);
}
