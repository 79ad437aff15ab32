import { type ExecConfig, execCreate } from "../../../../src/runtimes/docker/engine/exec_create.ts";
import { execInspect } from "../../../../src/runtimes/docker/engine/exec_inspect.ts";
import { execStart } from "../../../../src/runtimes/docker/engine/exec_start.ts";
import { StreamDemux } from "../../../../src/runtimes/docker/engine/stream_demux.ts";
import type { RealEngine } from "./real_engine.ts";

/** How a program in a container ended and what it wrote. */
export interface Run {
  stdout: string;
  stderr: string;
  exitCode: number | null;
}

/** Runs a program in a container, with `input` and then the end of input. */
export async function run(
  engine: RealEngine,
  container: string,
  config: ExecConfig,
  input: readonly Uint8Array[] = [],
): Promise<Run> {
  const { Id } = await execCreate(engine.client, container, {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    ...config,
  });
  using connection = await execStart(engine.client, Id);
  const output = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const demux = new StreamDemux((stream, piece) => {
    output[stream] += decoders[stream].decode(piece, { stream: true });
  });
  const writing = (async () => {
    for (const piece of input) await connection.write(piece);
    await connection.closeWrite();
  })();
  for (let piece; (piece = await connection.read()) !== null;) demux.write(piece);
  demux.end();
  await writing;
  return { ...output, exitCode: (await execInspect(engine.client, Id)).ExitCode };
}
