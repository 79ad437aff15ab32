import { CommandError } from "../../errors.ts";
import type { Language } from "../../protocol/language.ts";
import type { FileEventSink, SandboxWatch, WatchSpec } from "../file_watch.ts";
import type { RunOptions, RunOutcome, RunSpec, Sandbox, SandboxLoss } from "../runtime.ts";
import type { PackageInstaller } from "./package_installer.ts";
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
  readonly installer: PackageInstaller;
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
    if (spec.kind === "code") return runCode(this.#parts, spec, options);
    const { module, packages } = spec;
    if (packages !== undefined) return this.#options.installer.install(packages, options);
    if (module === undefined) return runShell(this.#parts, spec, options);
    return runKernel(this.#parts, { ...spec, module }, options);
  }

  /** What programs run with now, which are told where packages are once there are any. */
  get #parts(): SandboxParts {
    const { installer, profile } = this.#options;
    if (installer.installed.length === 0) return this.#options;
    return { ...this.#options, profile: { ...profile, packages: true } };
  }

  async #dispose(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#runs);
    this.#options.workspace[Symbol.dispose]();
    this.#options.onDispose();
  }
}
