import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import { type CallOptions, LONG_CALL_MS } from "./engine_request.ts";
import type { HijackedConnection } from "./hijacked_connection.ts";

/** Options of {@linkcode execStart}. `signal` and `timeoutMs` end the start, not the program. */
export interface ExecStartOptions extends CallOptions {
  /** As it was when the program was prepared. @default {false} */
  tty?: boolean;
}

/**
 * Starts a prepared program and connects to it. What it writes is multiplexed, for a `StreamDemux`,
 * unless it has a terminal. Closing the connection does not end the program.
 */
export async function execStart(
  engine: EngineClient,
  execId: string,
  options: ExecStartOptions = {},
): Promise<HijackedConnection> {
  const { tty = false, ...call } = options;
  return await engine.hijack({
    defaultTimeoutMs: LONG_CALL_MS,
    ...call,
    action: `run program "${execId}"`,
    method: "POST",
    path: enginePath`/exec/${execId}/start`,
    json: { Detach: false, Tty: tty },
  });
}
