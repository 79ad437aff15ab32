import { SandboxError } from "../../errors.ts";
import type { RunOptions, SandboxFiles } from "../runtime.ts";
import type { ContainerIo, IoWatch, Program, ProgramEnd } from "./container_io.ts";
import { fitsCommand } from "./engine_command.ts";
import { EngineContainer } from "./engine_container.ts";
import { EngineFiles } from "./engine_files.ts";
import { EngineProcesses } from "./engine_processes.ts";
import { EngineProgram } from "./engine_program.ts";
import type { EngineClient } from "./engine/engine_client.ts";

/** Options of {@linkcode EngineIo}. */
export interface EngineIoOptions {
  /** The largest file that is written or read in one piece, in bytes. */
  readonly maxFileBytes: number;
}

const NO_WATCH =
  "Cannot watch files: that takes the agent, which does not run in this image; look " +
  "with list_directory instead, or use an image with glibc";
const NO_TERMINAL =
  "Cannot give the program a terminal: that takes the agent, which does not run in this image";
const STOPPED: ProgramEnd = {
  code: null,
  signal: null,
  stopped: true,
  oomKills: 0,
  pidsRefused: 0,
};

/**
 * Drives a container through nothing but the engine's `exec`: for images in which the agent cannot run.
 * The image needs `/bin/sh`, `env` and the usual small programs, as busybox and coreutils have them.
 *
 * Everything runs as the sandbox's user, files too: the engine's own endpoints for files act as root, so
 * through a symlink they would read and write what the session may not.
 */
export class EngineIo implements ContainerIo {
  readonly kind = "engine";
  readonly files: SandboxFiles;
  readonly lost: Promise<void>;
  readonly #container: EngineContainer;
  readonly #processes: EngineProcesses;
  readonly #files: EngineFiles;
  readonly #end = new AbortController();
  readonly #runs = new Set<Promise<ProgramEnd>>();
  #closed: Promise<void> | undefined;

  /** Drives a container that runs. */
  constructor(engine: EngineClient, containerId: string, { maxFileBytes }: EngineIoOptions) {
    this.#container = new EngineContainer(engine, containerId);
    this.#processes = new EngineProcesses(this.#container);
    this.#files = new EngineFiles(this.#container, this.#processes, { maxFileBytes });
    this.files = this.#files;
    this.lost = this.#container.lost;
  }

  /** Runs a program; see {@linkcode ContainerIo}. */
  async run(program: Program, options: RunOptions): Promise<ProgramEnd> {
    if (program.terminal !== undefined) throw new SandboxError("not_supported", NO_TERMINAL);
    const run = this.#run(program, options);
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** Not to be done: nothing that an image has for certain watches files. */
  watch(): Promise<IoWatch> {
    return Promise.reject(new SandboxError("not_supported", NO_WATCH));
  }

  /** Ends what runs. The container itself stays. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#closed ??= this.#close();
  }

  async #run(program: Program, options: RunOptions): Promise<ProgramEnd> {
    const signal = AbortSignal.any([options.signal, this.#end.signal]);
    await using place = await this.#processes.enter({ program: true });
    if (signal.aborted) return STOPPED;
    const { script } = program;
    if (script !== undefined && !fitsCommand(script.content)) {
      await this.#files.put(script.path, new TextEncoder().encode(script.content));
    }
    let cleaned = program.remove === undefined;
    try {
      const run = new EngineProgram(this.#container, place, program, { ...options, signal });
      const result = await run.run();
      cleaned ||= result.cleaned;
      return result.end;
    } finally {
      if (!cleaned) await this.#files.discard(program.remove ?? []);
    }
  }

  async #close(): Promise<void> {
    this.#end.abort();
    try {
      await this.#processes.clear();
      await Promise.allSettled(this.#runs);
    } catch {
      // The container or the engine is gone, and with it all that ran.
    }
    await this.#processes.dismiss();
    this.#container.lose("The connection to the container was closed");
  }
}
