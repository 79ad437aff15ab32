import { CommandError } from "../../errors.ts";
import { WORKSPACE } from "../../protocol/commands.ts";
import type { CodeSpec, RunOptions, RunOutcome } from "../runtime.ts";
import { StderrTail } from "../stderr_tail.ts";
import { childOutcome, notStarted } from "./child_outcome.ts";
import { ChildPlace, maskWorkspace } from "./child_place.ts";
import { CodeChild } from "./code_child.ts";
import { handOffCode } from "./code_handoff.ts";
import { isGranted } from "./permissions.ts";
import type { SandboxParts } from "./sandbox_parts.ts";
import { spareKey } from "./spare_child.ts";

/** A child that waits for code, and the workspace where it finds it. */
interface ReadyChild extends Disposable {
  readonly child: CodeChild;
  /** Where the workspace is. */
  readonly path: string;
  /** Whether it was started ahead of time. */
  readonly spare: boolean;
}

/** Runs code as the main module of a child of its own, a spare one where there is one. */
export async function runCode(
  parts: SandboxParts,
  spec: CodeSpec,
  { output, signal }: RunOptions,
): Promise<RunOutcome> {
  const { workspace, services } = parts;
  const main = spec.language === "javascript" ? "$code.js" : "$code.ts";
  using permit = await services.starts.acquire();
  using ready = takeSpare(parts, main) ?? await startChild(parts, main);
  const { child, path, spare } = ready;
  const stop = () => child.stop();
  const tail = new StderrTail();
  const mask = maskWorkspace(parts, path, output);
  // What it took to start a spare is not the program's.
  const before = spare ? services.cgroups?.counters(child.slot.name) : undefined;
  try {
    signal.addEventListener("abort", stop);
    if (signal.aborted) child.kill();
    const start = {
      args: spec.args,
      env: { ...parts.env, ...spec.env },
      directory: spare ? WORKSPACE : undefined,
    };
    await workspace.inTurn(() =>
      handOffCode({
        pipe: child.slot.pipe,
        workspace: path,
        main,
        code: spec.code,
        start: () => child.start(start, spec.stdin, tail.before(mask.write)),
        ended: child.ended,
      })
    );
    permit[Symbol.dispose]();
    const end = await child.ended;
    mask.flush();
    if (!child.wasReady && !signal.aborted) {
      services.onLaunchFailure(tail.text || child.failure);
      throw new Error(`Cannot start a child process: it ended with code ${end.code}`);
    }
    const { slot } = child;
    return await childOutcome(parts, end, { slot, tail, signal, before, program: false });
  } catch (error) {
    child.kill();
    await child.ended;
    if (signal.aborted) return { cause: "stopped", exitCode: null };
    if (error instanceof CommandError) return notStarted(error.message);
    throw error;
  } finally {
    signal.removeEventListener("abort", stop);
  }
}

/** A spare of the profile, with the workspace moved to it; undefined if there is none or it cannot be. */
function takeSpare(
  { workspace, profile, services }: SandboxParts,
  main: string,
): ReadyChild | undefined {
  // A spare changes into the workspace when it gets it, which takes the right to read it.
  if (!workspace.idle || !profile.grants.read.includes(WORKSPACE)) return undefined;
  if (isGranted(profile.grants.run)) return undefined;
  const profiled = { profile, main };
  const spare = services.spares.take(spareKey(profiled), profiled);
  if (spare === undefined) return undefined;
  const { child } = spare;
  try {
    const occupation = workspace.moveInto(child.slot);
    return {
      child,
      path: occupation.path,
      spare: true,
      [Symbol.dispose]: () => occupation[Symbol.dispose](),
    };
  } catch (error) {
    // Such as a full disk: nobody has the spare now.
    void spare[Symbol.asyncDispose]();
    throw error;
  }
}

async function startChild(parts: SandboxParts, main: string): Promise<ReadyChild> {
  const place = await ChildPlace.take(parts);
  try {
    const child = new CodeChild(parts.services.launcher, place.launch(WORKSPACE), main);
    return {
      child,
      path: place.path,
      spare: false,
      [Symbol.dispose]: () => place[Symbol.dispose](),
    };
  } catch (error) {
    place[Symbol.dispose]();
    throw error;
  }
}
