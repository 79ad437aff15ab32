import type { Counters, CounterValues } from "./counters.ts";
import { ownCpuMs } from "./libc.ts";
import type { ExitReport } from "./protocol.ts";

/** What a process used, by the counters of the group at its start and at its end. */
export class ProcessUsage {
  readonly #counters: Counters;
  readonly #before: CounterValues;
  readonly #ownCpuMs: number | undefined;

  /** Begins to count. */
  constructor(counters: Counters) {
    this.#counters = counters;
    // Before the group's: asking for its own time brings the group's up to now.
    this.#ownCpuMs = ownCpuMs();
    this.#before = counters.read();
  }

  /** What was used since. What others may have used too is not told. */
  report(
    { alone }: { readonly alone: boolean },
  ): Pick<ExitReport, "oomKills" | "pidsMax" | "cpuMs" | "memoryPeakBytes" | "alone"> {
    const own = difference(this.#ownCpuMs, ownCpuMs());
    const before = this.#before;
    const after = this.#counters.read();
    const cpuMs = difference(before.cpuMs, after.cpuMs);
    const peak = after.memoryPeakBytes;
    return {
      oomKills: difference(before.oomKills, after.oomKills) ?? 0,
      pidsMax: difference(before.pidsMax, after.pidsMax) ?? 0,
      alone,
      ...(alone && cpuMs !== undefined && own !== undefined && {
        cpuMs: Math.max(0, Math.round((cpuMs - own) * 1000) / 1000),
      }),
      ...(alone && peak !== undefined && peak > (before.memoryPeakBytes ?? peak) && {
        memoryPeakBytes: peak,
      }),
    };
  }
}

function difference(before: number | undefined, after: number | undefined): number | undefined {
  return before === undefined || after === undefined ? undefined : after - before;
}
