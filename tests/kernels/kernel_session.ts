import { assertEquals } from "@std/assert";
import { type KernelProgram, kernelProgram } from "../../src/kernels/kernel_programs.ts";
import type { Language } from "../../src/languages.ts";
import { systemClock } from "../../src/sessions/clock.ts";
import type { CellError, MimeBundle } from "../../src/sessions/contexts/cell_results.ts";
import { Context } from "../../src/sessions/contexts/context.ts";
import { within } from "../testutil/within.ts";
import { localSandbox } from "../sessions/contexts/local_sandbox.ts";

/** What a cell gave. */
export interface CellAnswer {
  readonly stdout: string;
  readonly stderr: string;
  readonly results: MimeBundle[];
  readonly error: CellError | undefined;
  readonly interrupted: boolean;
}

/** A kernel on this machine. */
export interface KernelSession {
  readonly context: Context;
  /** Runs a cell to its end. */
  cell(code: string, env?: Record<string, string>): Promise<CellAnswer>;
  /** The text of the value that a cell gave, which must not have failed. */
  value(code: string, env?: Record<string, string>): Promise<unknown>;
}

/** Why kernels cannot be tried on this machine, spread into `Deno.test({ ... })`. */
export async function kernelRequirement(program: string): Promise<{ ignore: boolean }> {
  if (Deno.build.os !== "linux") return { ignore: true };
  try {
    const { success } = await new Deno.Command(program, {
      args: ["--version"],
      stdout: "null",
      stderr: "null",
    }).output();
    return { ignore: !success };
  } catch {
    return { ignore: true };
  }
}

/** Starts a kernel on this machine, in a directory of its own. */
export async function withKernel(
  language: Language,
  use: (session: KernelSession) => Promise<void>,
  options: { readonly python?: string; readonly program?: KernelProgram } = {},
): Promise<void> {
  const { program, ...others } = options;
  const cwd = await Deno.makeTempDir({ prefix: "codebeaker-kernel-" });
  try {
    await using context = new Context({
      id: "test",
      language,
      program: program ?? kernelProgram(language)!,
      sandbox: localSandbox({ cwd, ...others }),
      clock: systemClock,
    });
    const cell: KernelSession["cell"] = async (code, env) => {
      const text = { stdout: "", stderr: "" };
      const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
      const { end } = await context.run({
        code,
        env,
        output: (stream, bytes) => text[stream] += decoders[stream].decode(bytes, { stream: true }),
        signal: new AbortController().signal,
      });
      if (end.kind === "lost") {
        throw new Error(`The kernel ended: ${JSON.stringify(end.outcome)}\n${text.stderr}`);
      }
      return { ...text, results: end.results, error: end.error, interrupted: end.interrupted };
    };
    await use({
      context,
      cell,
      async value(code, env) {
        const { error, results } = await cell(code, env);
        assertEquals(error, undefined);
        return results.at(-1)?.["text/plain"];
      },
    });
  } finally {
    await Deno.remove(cwd, { recursive: true });
  }
}

/** Interrupts a cell that runs until it ends: one that has not begun yet is not interrupted. */
export async function interrupted(
  { context, cell }: KernelSession,
  code: string,
): Promise<CellAnswer> {
  let ended = false;
  const running = cell(code).finally(() => ended = true);
  for (let tries = 0; !ended && tries < 60; tries++) {
    const was = await context.interrupt();
    const pause = new Promise((resolve) => setTimeout(resolve, was ? 500 : 10));
    await Promise.race([pause, running.catch(() => {})]);
    await pause;
  }
  return await within(running, 10_000, "the end of an interrupted cell");
}
