import { SANDBOX_USER } from "../src/runtimes/docker/container_spec.ts";
import type { EngineClient } from "../src/runtimes/docker/engine/engine_client.ts";
import { execCreate } from "../src/runtimes/docker/engine/exec_create.ts";
import { execInspect } from "../src/runtimes/docker/engine/exec_inspect.ts";
import { execStart } from "../src/runtimes/docker/engine/exec_start.ts";
import { StreamDemux } from "../src/runtimes/docker/engine/stream_demux.ts";
import { WORKSPACE } from "../src/protocol/commands.ts";

/** How often the engine is asked for an exit code that it does not know yet. */
const MAX_INSPECTIONS = 100;

/** How a program ended, and what it wrote on standard output. */
export interface ProgramResult {
  readonly exitCode: number | null;
  readonly stdout: string;
}

/**
 * Runs a program in a container the engine's own way, as the user of the sessions: prepares it, starts it,
 * reads its output to the end and asks for its exit code.
 */
export async function engineExec(
  engine: EngineClient,
  containerId: string,
  argv: readonly string[],
  signal: AbortSignal,
): Promise<ProgramResult> {
  const { Id } = await execCreate(engine, containerId, {
    Cmd: argv,
    User: SANDBOX_USER,
    WorkingDir: WORKSPACE,
    AttachStdout: true,
    AttachStderr: true,
  }, { signal });
  const stdout = await readOutput(engine, Id, signal);
  for (let inspections = 1;; inspections++) {
    const { Running, ExitCode } = await execInspect(engine, Id, { signal });
    if (!Running || inspections === MAX_INSPECTIONS) return { exitCode: ExitCode, stdout };
  }
}

async function readOutput(engine: EngineClient, id: string, signal: AbortSignal): Promise<string> {
  using connection = await execStart(engine, id, { signal });
  const close = () => connection[Symbol.dispose]();
  signal.addEventListener("abort", close);
  try {
    const decoder = new TextDecoder();
    let stdout = "";
    const demux = new StreamDemux((stream, bytes) => {
      if (stream === "stdout") stdout += decoder.decode(bytes, { stream: true });
    });
    while (true) {
      const bytes = await connection.read();
      if (bytes === null) return stdout;
      demux.write(bytes);
    }
  } finally {
    signal.removeEventListener("abort", close);
  }
}
