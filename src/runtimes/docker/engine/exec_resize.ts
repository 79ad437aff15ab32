import type { EngineClient } from "./engine_client.ts";
import { enginePath } from "./engine_path.ts";
import type { CallOptions } from "./engine_request.ts";

/** The size of a terminal in characters. */
export interface TerminalSize {
  rows: number;
  columns: number;
}

/** Gives the terminal of a program that runs another size. */
export async function execResize(
  engine: EngineClient,
  execId: string,
  size: TerminalSize,
  options: CallOptions = {},
): Promise<void> {
  await engine.send({
    ...options,
    action: `resize the terminal of program "${execId}"`,
    method: "POST",
    path: enginePath`/exec/${execId}/resize`,
    query: { h: size.rows, w: size.columns },
  });
}
