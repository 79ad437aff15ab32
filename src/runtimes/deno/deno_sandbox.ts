import { CommandError } from "../../errors.ts";
import type { Language } from "../../protocol/language.ts";
import type { FileEventSink, SandboxWatch, WatchSpec } from "../file_watch.ts";
import type { RunOptions, RunOutcome, RunSpec, Sandbox, SandboxLoss } from "../runtime.ts";
import { runCode } from "./run_code.ts";
import { runKernel } from "./run_kernel.ts";
import { runShell } from "./run_shell.ts";
import type { SandboxParts } from "./sandbox_parts.ts";
import type { WorkspaceFiles } from "./workspace_files.ts";
import { watchWorkspace } from "./workspace_watch.ts";

/** Languages that Deno runs as they are. */
export const DENO_LANGUAGES: ReadonlySet<Language> = new Set(["deno", "typescript", "javascript"]);

/** Options of {@linkcode DenoSandbox}. */
export interface DenoSandboxOptions extends SandboxParts {
  readonly id: string;
  /** Called once when it is disposed. */
  readonly onDispose: () => void;
}

const NO_PORTS =
  "Cannot tell what listens on a port in a Deno session, wait for a pattern in the " +
  "output of the process instead";

/** One session's place in the Deno runtime: a workspace, and a fresh child process for each run. */
export class DenoSandbox implements Sandbox {
  readonly id: string;
  /** Its files are removed with the server that made them. */
  readonly handle = undefined;
  readonly facts = {};
  readonly files: WorkspaceFiles;
  readonly languages = DENO_LANGUAGES;
  readonly lost: Promise<SandboxLoss> = Promise.withResolvers<SandboxLoss>().promise;
  readonly #options: DenoSandboxOptions;
  readonly #closing = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();
  #disposed: Promise<void> | undefined;

  /** Makes a sandbox around a workspace, which it then owns. */
  constructor(options: DenoSandboxOptions) {
    this.id = options.id;
    this.files = options.files;
    this.#options = options;
  }

  /** Runs a program; see {@linkcode Sandbox}. */
  async run(spec: RunSpec, options: RunOptions): Promise<RunOutcome> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    if (signal.aborted) return { cause: "stopped", exitCode: null };
    const run = this.#start(spec, { ...options, signal });
    this.#runs.add(run);
    try {
      return await run;
    } finally {
      this.#runs.delete(run);
    }
  }

  /** Not to be told: with the network it shares that of the machine, and without it listens on none. */
  isListening(): Promise<boolean> {
    return Promise.reject(new CommandError(NO_PORTS));
  }

  /** Watches a directory; see {@linkcode Sandbox}. */
  watch(spec: WatchSpec, onEvents: FileEventSink): Promise<SandboxWatch> {
    return watchWorkspace(this.#options.workspace, spec, onEvents);
  }

  /** Nothing is kept for a quiet session: spares belong to all sessions. */
  async rest(): Promise<void> {}

  /** Ends it: nobody could find it again. */
  release(): Promise<void> {
    return this[Symbol.asyncDispose]();
  }

  /** Ends all runs and removes the files. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  #start(spec: RunSpec, options: RunOptions): Promise<RunOutcome> {
    if (spec.kind === "code") return runCode(this.#options, spec, options);
    const { module } = spec;
    if (module === undefined) return runShell(this.#options, spec, options);
    return runKernel(this.#options, { ...spec, module }, options);
  }

  async #dispose(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#runs);
    this.#options.workspace[Symbol.dispose]();
    this.#options.onDispose();
  }
}
