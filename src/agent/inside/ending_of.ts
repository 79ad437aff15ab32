import type { ExitReport } from "./protocol.ts";

/** Waits until a process has ended, and says how. */
export async function endingOf(
  child: Deno.ChildProcess,
): Promise<Pick<ExitReport, "code" | "signal">> {
  try {
    const { code, signal } = await child.status;
    return signal === null ? { code, signal } : { code: null, signal };
  } catch (error) {
    // Deno has no names for the real-time signals.
    const number = error instanceof Error ? /Invalid signal: (\d+)/.exec(error.message)?.[1] : "";
    if (!number) throw error;
    return { code: null, signal: `SIG${number}` };
  }
}
