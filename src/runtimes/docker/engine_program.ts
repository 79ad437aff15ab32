import type { RunOptions } from "../runtime.ts";
import { type Program, type ProgramEnd, ProgramNotStarted } from "./container_io.ts";
import { hasInput, makeToken, programCommand } from "./engine_command.ts";
import type { EngineContainer } from "./engine_container.ts";
import { type EngineExec, ExecRefused } from "./engine_exec.ts";
import type { GuardReport } from "./engine_guard.ts";
import type { Place } from "./engine_processes.ts";
import { EngineProcessControl } from "./engine_process_control.ts";
import { parseEnd, refusedStart, unstarted } from "./engine_program_end.ts";
import { ReportScanner, type ReportWords } from "./engine_report.ts";
import { signalName } from "../signals.ts";

/** Between the word to end and the end. */
const GRACE_MS = 500;
/** How long the engine may take to end a stream whose writers are gone; it waits 2 s itself. */
const STREAM_END_MS = 10_000;
const SIGNAL_BASE = 128;

/** How a program ended, and whether its files were removed. */
export interface ProgramResult {
  readonly end: ProgramEnd;
  readonly cleaned: boolean;
}

/** One run of a program through the engine. */
export class EngineProgram {
  readonly #container: EngineContainer;
  readonly #place: Place;
  readonly #program: Program;
  readonly #options: RunOptions;
  readonly #reported = Promise.withResolvers<void>();
  #words: ReportWords | undefined;
  #control: EngineProcessControl | undefined;
  #stopped = false;
  #ending: Promise<GuardReport> | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** Prepares a run. */
  constructor(container: EngineContainer, place: Place, program: Program, options: RunOptions) {
    this.#container = container;
    this.#place = place;
    this.#program = program;
    this.#options = options;
  }

  /** Runs the program to its end, with everything it started. */
  async run(): Promise<ProgramResult> {
    const { signal, output } = this.#options;
    const token = makeToken();
    const command = programCommand(this.#program, { token, mark: this.#place.mark });
    using exec = await this.#start(command);
    const scanner = new ReportScanner({
      token,
      onOutput: (bytes) => output("stdout", bytes),
      onWords: (words) => this.#hear(words, exec),
    });
    const complaints: string[] = [];
    const onAbort = () => {
      this.#stopped = true;
      this.#conclude(() => this.#stop(), exec);
    };
    signal.addEventListener("abort", onAbort);
    try {
      if (signal.aborted) onAbort();
      void this.#feed(exec);
      await this.#container.reach(() =>
        exec.pump((stream, bytes) => {
          if (stream === "stdout") return scanner.write(bytes);
          if (!scanner.began) complaints.push(new TextDecoder().decode(bytes.subarray(0, 4096)));
          output("stderr", bytes);
        })
      );
      scanner.end();
      this.#reported.resolve();
      const report = await this.#ending;
      return this.#result(report) ??
        await this.#withoutWords(exec, `${scanner.strange}${complaints.join("")}`, scanner.began);
    } finally {
      signal.removeEventListener("abort", onAbort);
      clearTimeout(this.#timer);
    }
  }

  async #start(command: readonly string[]): Promise<EngineExec> {
    try {
      return await this.#container.exec(command, { stdin: hasInput(this.#program) });
    } catch (error) {
      throw error instanceof ExecRefused ? refusedStart(error.message, { cause: error }) : error;
    }
  }

  async #feed(exec: EngineExec): Promise<void> {
    if (!hasInput(this.#program)) return;
    const { stdin = "", keepStdin = false } = this.#program;
    await exec.offer(new TextEncoder().encode(stdin));
    if (!keepStdin) await exec.closeInput();
  }

  #hear(words: ReportWords, exec: EngineExec): void {
    if (this.#words !== undefined) return;
    const [kind, ...rest] = words;
    if (kind === "began") return;
    if (kind === "pid") return this.#started(exec, rest);
    this.#words = words;
    this.#reported.resolve();
    // What the program left behind holds the streams open.
    this.#conclude(() => this.#place.kill(), exec);
  }

  #started(exec: EngineExec, ids: readonly string[]): void {
    // A program that pretends to be us may be told of again.
    if (this.#control !== undefined) return;
    this.#control = new EngineProcessControl(exec, this.#place, ids);
    this.#options.started?.(this.#control);
  }

  async #stop(): Promise<GuardReport> {
    await this.#place.terminate();
    const { promise: late, resolve } = Promise.withResolvers<void>();
    const timer = setTimeout(resolve, GRACE_MS);
    await Promise.race([late, this.#reported.promise]);
    clearTimeout(timer);
    return await this.#place.kill();
  }

  #conclude(action: () => Promise<GuardReport>, exec: EngineExec): void {
    if (this.#ending !== undefined) return;
    this.#ending = action();
    this.#ending.then(() => {
      this.#timer = setTimeout(() => exec[Symbol.dispose](), STREAM_END_MS);
    }, () => exec[Symbol.dispose]());
  }

  #result(report: GuardReport | undefined): ProgramResult | undefined {
    if (this.#words !== undefined && this.#words[0] !== "failed") {
      const error = unstarted(this.#words, this.#program);
      if (error !== undefined && !this.#stopped) throw error;
      const { alone } = this.#place;
      const end = parseEnd(this.#words, this.#control?.sent);
      return { end: { ...end, stopped: this.#stopped, alone }, cleaned: true };
    }
    if (!this.#stopped || report === undefined) return undefined;
    return { end: this.#killed("SIGKILL", report), cleaned: false };
  }

  /** The shell around it did not get to say how it ended: it was never started, or killed with the program. */
  async #withoutWords(exec: EngineExec, said: string, began: boolean): Promise<ProgramResult> {
    const code = await this.#container.exitCode(exec);
    if (!began) {
      const processLimit = this.#refused(await this.#place.count());
      throw refusedStart(said, { processLimit });
    }
    const report = await this.#place.kill();
    const signal = code === null ? undefined : signalName(code - SIGNAL_BASE);
    if (signal !== undefined) return { end: this.#killed(signal, report), cleaned: false };
    if (this.#refused(report)) {
      throw new ProgramNotStarted("process_limit", "No process could be made for it");
    }
    throw new ProgramNotStarted("other", `the shell around it failed with exit code ${code}`);
  }

  #refused(report: GuardReport | undefined): boolean {
    return report !== undefined && report.pidsRefused > this.#place.before.pidsRefused;
  }

  #killed(signal: string, report: GuardReport): ProgramEnd {
    const { before, alone } = this.#place;
    return {
      code: null,
      signal,
      stopped: this.#stopped,
      alone,
      oomKills: report.oomKills - before.oomKills,
      pidsRefused: report.pidsRefused - before.pidsRefused,
    };
  }
}
