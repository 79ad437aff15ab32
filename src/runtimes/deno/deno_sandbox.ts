import { CommandError, InvalidParamsError, SandboxError } from "../../errors.ts";
import type { Language } from "../../protocol/language.ts";
import type {
  CodeSpec,
  OutputSink,
  RunOptions,
  RunOutcome,
  RunSpec,
  Sandbox,
  SandboxLoss,
  ShellSpec,
} from "../runtime.ts";
import type { Semaphore } from "../semaphore.ts";
import type { WarmPool } from "../warm_pool.ts";
import type { Cgroups, GroupCounters } from "./cgroups.ts";
import { Child, type ChildEnd } from "./child.ts";
import { CodeChild, startMessage } from "./code_child.ts";
import { handOffCode } from "./code_handoff.ts";
import { absoluteDirectory, checkDenoCommand, type DenoCommandOptions } from "./deno_command.ts";
import type { Launch, Launcher, Profile } from "./launcher.ts";
import { LiveProgram } from "./live_program.ts";
import type { PackageInstaller } from "./package_installer.ts";
import { isGranted, NEEDS_POLICY } from "./permissions.ts";
import { PathMask } from "./path_mask.ts";
import { checkProgramEnv } from "./program_env.ts";
import { runOutcome } from "./run_outcome.ts";
import type { Slot, Slots } from "./slots.ts";
import { type SpareChild, spareKey, type SpareProfile } from "./spare_child.ts";
import { StartFailure } from "./start_failure.ts";
import type { FileEventSink, SandboxWatch, WatchSpec } from "../file_watch.ts";
import { StderrTail } from "../stderr_tail.ts";
import type { Occupation, Workspace } from "./workspace.ts";
import type { WorkspaceFiles } from "./workspace_files.ts";
import { watchWorkspace } from "./workspace_watch.ts";
import { WORKSPACE } from "../../protocol/commands.ts";

/** Languages that Deno runs as they are. */
export const DENO_LANGUAGES: ReadonlySet<Language> = new Set(["deno", "typescript", "javascript"]);

/** What every sandbox of one runtime shares. */
export interface SandboxServices {
  readonly launcher: Launcher;
  readonly slots: Slots;
  readonly cgroups: Cgroups | undefined;
  /** Spare children, by {@linkcode SpareProfile}. */
  readonly spares: WarmPool<SpareProfile, SpareChild>;
  /** Bounds how many children are started at the same time. */
  readonly starts: Semaphore;
  /** Told when a child could not be started at all. */
  readonly onLaunchFailure: (detail: string) => void;
}

/** Options of {@linkcode DenoSandbox}. */
export interface DenoSandboxOptions {
  readonly id: string;
  readonly profile: Profile;
  readonly workspace: Workspace;
  readonly files: WorkspaceFiles;
  readonly env: Readonly<Record<string, string>>;
  readonly services: SandboxServices;
  readonly installer: PackageInstaller;
  /** Called once when it is disposed. */
  readonly onDispose: () => void;
}

const MIB = 1024 * 1024;
const NO_TERMINAL =
  "Cannot give the program a terminal: a Deno session has none, since its processes are started without " +
  "the C library that opens one; a docker session has terminals";
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
  readonly #services: SandboxServices;
  readonly #closing = new AbortController();
  readonly #runs = new Set<Promise<unknown>>();
  #disposed: Promise<void> | undefined;

  /** Makes a sandbox around a workspace, which it then owns. */
  constructor(options: DenoSandboxOptions) {
    this.id = options.id;
    this.files = options.files;
    this.#options = options;
    this.#services = options.services;
  }

  /** Runs a program; see {@linkcode Sandbox}. */
  async run(spec: RunSpec, options: RunOptions): Promise<RunOutcome> {
    const signal = AbortSignal.any([options.signal, this.#closing.signal]);
    if (signal.aborted) return { cause: "stopped", exitCode: null };
    const run = spec.kind === "code"
      ? this.#runCode(spec, { ...options, signal })
      : spec.packages !== undefined
      ? this.#options.installer.install(spec.packages, { ...options, signal })
      : spec.module === undefined
      ? this.#runShell(spec, { ...options, signal })
      : this.#runKernel(spec, spec.module, { ...options, signal });
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

  async #dispose(): Promise<void> {
    this.#closing.abort();
    await Promise.allSettled(this.#runs);
    this.#options.workspace[Symbol.dispose]();
    this.#options.onDispose();
  }

  async #runCode(spec: CodeSpec, { output, signal }: RunOptions): Promise<RunOutcome> {
    const main = spec.language === "javascript" ? "$code.js" : "$code.ts";
    const permit = await this.#services.starts.acquire();
    let place: { child: CodeChild; occupation: Occupation; taken: boolean };
    try {
      place = this.#takeSpare(main) ?? await this.#launch(main);
    } catch (error) {
      permit[Symbol.dispose]();
      throw error;
    }
    const { child, occupation, taken } = place;
    using _permit = permit;
    using _occupation = occupation;
    const stop = () => child.stop();
    const tail = new StderrTail();
    const mask = this.#mask(occupation, output);
    // What it took to start a spare is not the program's.
    const before = taken ? this.#services.cgroups?.counters(child.slot.name) : undefined;
    try {
      signal.addEventListener("abort", stop);
      if (signal.aborted) child.kill();
      const start = {
        args: spec.args,
        env: { ...this.#options.env, ...spec.env },
        directory: taken ? WORKSPACE : undefined,
      };
      await this.#options.workspace.inTurn(() =>
        handOffCode({
          pipe: child.slot.pipe,
          workspace: occupation.path,
          main,
          code: spec.code,
          start: () => child.start(start, spec.stdin, tail.before(mask.write)),
          ended: child.ended,
        })
      );
      permit[Symbol.dispose]();
      const end = await child.ended;
      mask.flush();
      return await this.#outcome(child, end, tail, { signal, before });
    } catch (error) {
      child.kill();
      await child.ended;
      if (signal.aborted) return { cause: "stopped", exitCode: null };
      if (error instanceof CommandError) return notStarted(error.message);
      throw error;
    } finally {
      signal.removeEventListener("abort", stop);
      if (!taken) this.#services.slots.release(child.slot);
    }
  }

  /** A spare of the profile, with the workspace moved to it; undefined if there is none or it cannot be. */
  #takeSpare(main: string) {
    const { workspace } = this.#options;
    const profile = this.#profile;
    // A spare changes into the workspace when it gets it, which takes the right to read it.
    if (!workspace.idle || !profile.grants.read.includes(WORKSPACE)) return undefined;
    if (isGranted(profile.grants.run)) return undefined;
    const spare = { profile, main };
    const child = this.#services.spares.take(spareKey(spare), spare)?.child;
    return child && { child, occupation: workspace.moveInto(child.slot), taken: true };
  }

  async #launch(main: string) {
    const slot = await this.#services.slots.take();
    const { launcher } = this.#services;
    const occupation = this.#options.workspace.occupy();
    try {
      const launch = this.#launchAt(slot, occupation, WORKSPACE);
      return { child: new CodeChild(launcher, launch, main), occupation, taken: false };
    } catch (error) {
      occupation[Symbol.dispose]();
      this.#services.slots.release(slot);
      throw error;
    }
  }

  /** What code runs with now. */
  get #profile(): Profile {
    const { profile, installer } = this.#options;
    return installer.installed.length === 0 ? profile : { ...profile, packages: true };
  }

  #launchAt(slot: Slot, { path }: Occupation, directory: string): Launch {
    return { profile: this.#profile, slot, place: { kind: "workspace", path }, directory };
  }

  /** Runs a module of the server's that keeps an interpreter: with the permissions of code, see `launcher.ts`. */
  async #runKernel(spec: ShellSpec, module: string, options: RunOptions): Promise<RunOutcome> {
    const { output, signal, started } = options;
    const { launcher } = this.#services;
    using permit = await this.#services.starts.acquire();
    const slot = await this.#services.slots.take();
    using occupation = this.#options.workspace.occupy();
    try {
      const launch = this.#launchAt(slot, occupation, WORKSPACE);
      if (signal.aborted) return { cause: "stopped", exitCode: null };
      const child = new Child(launcher.kernel(launch, module));
      permit[Symbol.dispose]();
      const env = { ...this.#options.env, ...spec.env };
      const args = launcher.kernelArgs(launch);
      void child.write(startMessage({ args, env, directory: undefined }));
      const mask = this.#mask(occupation, output);
      const program = { ...spec, commandName: "deno" };
      const outcome = await this.#follow(child, slot, program, {
        output: afterReady(mask.write),
        signal,
        started,
      });
      mask.flush();
      return outcome;
    } finally {
      this.#services.slots.release(slot);
    }
  }

  #mask({ path }: Occupation, output: OutputSink): PathMask {
    // In a file system of its own the workspace has no other name.
    const secret = this.#services.launcher.confined ? WORKSPACE : path;
    return new PathMask(secret, WORKSPACE, output);
  }

  async #outcome(
    child: CodeChild,
    end: ChildEnd,
    tail: StderrTail,
    { signal, before }: {
      readonly signal: AbortSignal;
      readonly before: Promise<GroupCounters> | undefined;
    },
  ): Promise<RunOutcome> {
    if (!child.wasReady && !signal.aborted) {
      this.#services.onLaunchFailure(tail.text || child.failure);
      throw new Error(`Cannot start a child process: it ended with code ${end.code}`);
    }
    return await this.#describe(end, child.slot, { tail, signal, before, program: false });
  }

  async #describe(
    end: ChildEnd,
    slot: Slot,
    { tail, signal, before, ...evidence }: {
      readonly before?: Promise<GroupCounters> | undefined;
      readonly tail: StderrTail;
      readonly signal: AbortSignal;
      readonly program: boolean;
      readonly sent?: ReadonlySet<string> | undefined;
    },
  ): Promise<RunOutcome> {
    const { launcher } = this.#services;
    const { profile } = this.#options;
    return runOutcome(end, {
      stopped: signal.aborted,
      confined: launcher.confined,
      ...evidence,
      stderrTail: tail.text,
      counters: await this.#counters(slot, before),
      memoryBytes: profile.memoryLimitMB * MIB,
      diskBytes: profile.diskLimitMB * MIB,
      pidsLimit: profile.pidsLimit,
    });
  }

  /** What was counted of a slot's group, less what had been before. */
  async #counters(slot: Slot, before?: Promise<GroupCounters>): Promise<GroupCounters | undefined> {
    const counters = await this.#services.cgroups?.counters(slot.name);
    const past = (await before)?.cpuMs;
    if (counters?.cpuMs === undefined || past === undefined) return counters;
    return { ...counters, cpuMs: Math.max(0, counters.cpuMs - past) };
  }

  async #runShell(
    spec: ShellSpec,
    { output, signal, started }: RunOptions,
  ): Promise<RunOutcome> {
    if (spec.terminal !== undefined) throw new SandboxError("not_supported", NO_TERMINAL);
    const directory = absoluteDirectory(spec.workingDirectory);
    if (directory === undefined) {
      return notStarted(`Working directory is outside /workspace: ${spec.workingDirectory}`);
    }
    if (!await this.#isDirectory(directory)) {
      return notStarted(`Working directory not found: ${spec.workingDirectory}`);
    }
    const deno = spec.commandName === "deno";
    const { run } = this.#options.profile.grants;
    if (!deno && run !== true && !run.includes(spec.commandName)) {
      return notStarted(refusal(spec.commandName, run));
    }
    const env = { ...this.#options.env, ...spec.env };
    const { confined } = this.#services.launcher;
    const { grants } = this.#options.profile;
    const args = deno ? checkArgs(spec.args, directory, env, { confined, grants }) : spec.args;
    using _permit = await this.#services.starts.acquire();
    const slot = await this.#services.slots.take();
    using occupation = this.#options.workspace.occupy();
    try {
      const launch = { ...this.#launchAt(slot, occupation, directory), env };
      const { launcher } = this.#services;
      const command = await (deno
        ? launcher.subcommand(launch, args)
        : launcher.program(launch, { command: spec.commandName, args }));
      if (signal.aborted) {
        return { cause: "stopped", exitCode: null };
      }
      const child = new Child(command);
      _permit[Symbol.dispose]();
      const mask = this.#mask(occupation, output);
      const outcome = await this.#follow(child, slot, spec, {
        output: mask.write,
        signal,
        started,
      });
      mask.flush();
      return outcome;
    } finally {
      this.#services.slots.release(slot);
    }
  }

  async #follow(
    child: Child,
    slot: Slot,
    spec: ShellSpec,
    options: RunOptions,
  ): Promise<RunOutcome> {
    const { output, signal, started } = options;
    const { confined } = this.#services.launcher;
    const { stdin = "", keepStdin = false, commandName } = spec;
    const tail = new StderrTail();
    let live: LiveProgram | undefined;
    const stop = () => child.stop();
    const failure = new StartFailure(commandName, output);
    child.pipeTo(tail.before(failure.write));
    signal.addEventListener("abort", stop);
    if (signal.aborted) child.kill();
    try {
      const input = new TextEncoder().encode(stdin);
      child.write(input).then(() => keepStdin ? undefined : child.closeInput());
      if (spec.background === true) {
        live = await LiveProgram.find(child, { confined, mark: slot.mark });
      }
      const wasSeen = live?.isRunning === true;
      if (live !== undefined && wasSeen) started?.(live);
      const end = await child.ended;
      const reason = failure.reason(end.code);
      if (reason !== undefined) return notStarted(reason);
      // It ended before anybody could look.
      if (live !== undefined && !wasSeen && !signal.aborted) started?.(live);
      const program = commandName !== "deno";
      return await this.#describe(end, slot, { tail, signal, program, sent: live?.sent });
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  async #isDirectory(path: string): Promise<boolean> {
    if (path === WORKSPACE) return true;
    const info = await this.files.info(path).catch(() => undefined);
    return info?.type === "directory";
  }
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

function checkArgs(
  args: readonly string[],
  directory: string,
  env: Readonly<Record<string, string>>,
  options: DenoCommandOptions,
): readonly string[] {
  const command = checkDenoCommand(args, directory, options);
  const issues = checkProgramEnv(env)
    .map((issue) => ({ ...issue, path: ["command", ...issue.path] }));
  if (!command.ok) throw new InvalidParamsError([command.issue, ...issues]);
  if (issues.length > 0) throw new InvalidParamsError(issues);
  return command.args;
}

function refusal(program: string, granted: readonly string[]): string {
  const what = `Cannot run "${program.slice(0, 60)}" in a Deno session`;
  if (granted.length > 0) return `${what}: it was granted ${granted.join(", ")} and deno itself`;
  return `${what}: only deno itself runs here unless the session was created with ` +
    `permissions.allowRun. ${NEEDS_POLICY}. A docker session runs any program`;
}

function notStarted(message: string): RunOutcome {
  return { cause: "not_started", exitCode: null, message };
}
