import { WORKSPACE } from "../../protocol/commands.ts";
import type { OutputSink, RunOptions, RunOutcome, ShellSpec } from "../runtime.ts";
import { Child } from "./child.ts";
import { ChildPlace, maskWorkspace } from "./child_place.ts";
import { startMessage } from "./code_child.ts";
import { followProgram } from "./follow_program.ts";
import type { SandboxParts } from "./sandbox_parts.ts";

/** Runs a module of the server's that keeps an interpreter: with the permissions of code, see `launcher.ts`. */
export async function runKernel(
  parts: SandboxParts,
  spec: ShellSpec & { readonly module: string },
  { output, signal, started }: RunOptions,
): Promise<RunOutcome> {
  const { launcher, starts } = parts.services;
  using permit = await starts.acquire();
  using place = await ChildPlace.take(parts);
  if (signal.aborted) return { cause: "stopped", exitCode: null };
  const launch = place.launch(WORKSPACE);
  const child = new Child(launcher.kernel(launch, spec.module));
  permit[Symbol.dispose]();
  const env = { ...parts.env, ...spec.env };
  void child.write(startMessage({ args: launcher.kernelArgs(launch), env, directory: undefined }));
  const mask = maskWorkspace(parts, place.path, output);
  const outcome = await followProgram(parts, {
    child,
    slot: place.slot,
    spec: { ...spec, commandName: "deno" },
  }, { output: afterReady(mask.write), signal, started });
  mask.flush();
  return outcome;
}

/** Leaves out the byte by which the bootstrap says that it is there. */
function afterReady(output: OutputSink): OutputSink {
  let isReady = false;
  return (stream, bytes) => {
    const own = stream === "stdout" && !isReady ? 1 : 0;
    if (own === 1) isReady = true;
    if (bytes.length > own) output(stream, bytes.subarray(own));
  };
}
