import { isAbsolute, normalize } from "@std/path/posix";
import { CommandError, SandboxError } from "../../errors.ts";
import type { Language } from "../../languages.ts";
import { WORKSPACE } from "../../protocol/commands.ts";
import type {
  CodeSpec,
  RunOptions,
  RunOutcome,
  RunSpec,
  Sandbox,
  SandboxLoss,
  ShellSpec,
} from "../runtime.ts";
import type { FileEventSink, SandboxWatch, WatchSpec } from "../file_watch.ts";
import { StderrTail } from "../stderr_tail.ts";
import { codeProgram } from "./code_program.ts";
import { type Container, ContainerLost } from "./container.ts";
import {
  ContainerIoLost,
  ContainerIoRenewed,
  type Program,
  type ProgramEnd,
  ProgramNotStarted,
} from "./container_io.ts";
import { SANDBOX_HOME } from "./container_spec.ts";
import { DockerWatch } from "./docker_watch.ts";
import { engineProblem } from "./engine_problem.ts";
import { IoFiles } from "./io_files.ts";
import { LISTENING_PROGRAM, listensOn } from "./listening_ports.ts";
import { notStartedOutcome, programOutcome } from "./program_outcome.ts";

/** Options of {@linkcode DockerSandbox}. */
export interface DockerSandboxOptions {
  /** Owned by the sandbox from now on. */
  readonly container: Container;
  /** Languages that its image can run. */
  readonly languages: ReadonlySet<Language>;
  /** Environment variables of every command. */
  readonly env: Readonly<Record<string, string>>;
  readonly memoryLimitMB: number;
  readonly pidsLimit: number;
  readonly diskLimitMB: number;
  /** Says that something may be written until the handle is disposed. */
  readonly busy: () => Disposable;
  /** Says that something may have been written. */
  readonly touched: () => void;
  /** Called once when it is disposed or released. */
  readonly onEnd: () => void;
}

const MIB = 1024 * 1024;
/** Characters of the kernel's table of connections that are looked at. */
const MAX_TABLE_LENGTH = 4 * MIB;
/** What programs at a terminal are told it is. */
const TERMINAL_TYPE = "xterm-256color";
const DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/** One session's place in the Docker runtime: a container that is already running. */
export class DockerSandbox implements Sandbox {
  readonly id: string;
  readonly handle: string;
  readonly files: IoFiles;
  readonly languages: ReadonlySet<Language>;
  readonly lost: Promise<SandboxLoss>;
  readonly #options: DockerSandboxOptions;
  readonly #container: Container;
  readonly #env: Readonly<Record<string, string>>;
  #ended = false;

  /** Makes a sandbox of a container. */
  constructor(options: DockerSandboxOptions) {
    const { container, env } = options;
    this.#options = options;
    this.#container = container;
    this.id = this.handle = container.id;
    this.lost = container.lost;
    this.languages = options.languages;
    this.files = new IoFiles(() => this.#io(), () => options.touched());
    this.#env = { PATH: DEFAULT_PATH, HOME: SANDBOX_HOME, ...container.image.env, ...env };
  }

  /** What drives it, and its image. */
  get facts(): Readonly<Record<string, string>> {
    const { image, driver } = this.#container;
    return { image: image.name, driver };
  }

  /** Runs a program; see {@linkcode Sandbox}. */
  async run(spec: RunSpec, options: RunOptions): Promise<RunOutcome> {
    using _busy = this.#options.busy();
    return spec.kind === "code"
      ? await this.#runCode(spec, options)
      : await this.#runShell(spec, options);
  }

  /** Whether something in the container listens on a TCP port, as the kernel tells there. */
  async isListening(port: number, signal: AbortSignal): Promise<boolean> {
    const [commandName, ...args] = LISTENING_PROGRAM;
    let table = "";
    const decoder = new TextDecoder();
    const { cause, message } = await this.run({
      kind: "shell",
      commandName,
      args,
      workingDirectory: "/",
    }, {
      signal,
      output: (stream, bytes) => {
        const isTable = stream === "stdout" && table.length < MAX_TABLE_LENGTH;
        if (isTable) table += decoder.decode(bytes, { stream: true });
      },
    });
    if (cause === "not_started") {
      throw new CommandError(`Cannot tell what listens on a port: ${message}`);
    }
    return listensOn(table, port);
  }

  /** Watches a directory; see {@linkcode Sandbox}. */
  async watch(spec: WatchSpec, onEvents: FileEventSink): Promise<SandboxWatch> {
    try {
      return await DockerWatch.start(() => this.#io(), spec, onEvents);
    } catch (error) {
      if (!(error instanceof ContainerIoLost)) throw error;
      const message = `Cannot watch ${spec.path}: what runs in the sandbox was ended meanwhile, ` +
        "try again";
      throw new SandboxError("runtime_unavailable", message, { cause: error });
    }
  }

  /** Nothing is kept warm for one session alone. */
  async rest(): Promise<void> {}

  /** Lets go of the container, for another server to adopt it. */
  async release(): Promise<void> {
    this.#end();
    await this.#container.release();
  }

  /** Removes the container. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
    await this.#container[Symbol.asyncDispose]();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#options.onEnd();
  }

  async #runShell(spec: ShellSpec, options: RunOptions): Promise<RunOutcome> {
    const { commandName, args, workingDirectory, stdin, keepStdin, background, terminal } = spec;
    const program = {
      argv: [commandName, ...args] as const,
      cwd: absolutePath(workingDirectory),
      env: { ...(terminal && { TERM: TERMINAL_TYPE }), ...this.#env, ...spec.env },
      stdin,
      keepStdin,
      background,
      terminal,
    };
    return await this.#run(program, { commandName, workingDirectory }, options);
  }

  async #runCode(spec: CodeSpec, options: RunOptions): Promise<RunOutcome> {
    const { compile, run } = codeProgram(spec, { ...this.#env, ...spec.env });
    const asked = (program: Program) => ({
      commandName: program.argv[0],
      workingDirectory: WORKSPACE,
    });
    if (compile === undefined) return await this.#run(run, asked(run), options);
    // What a compiler writes although it succeeds is no output of the program.
    const said: Uint8Array[] = [];
    const listen = {
      ...options,
      output: (_: string, bytes: Uint8Array) => void said.push(bytes.slice()),
    };
    const compiled = await this.#run(compile, asked(compile), listen);
    if (compiled.cause !== "exited" || compiled.exitCode !== 0) {
      for (const bytes of said) options.output("stderr", bytes);
      const cause = compiled.cause === "exited" ? "compile_error" as const : compiled.cause;
      return { ...compiled, cause, stage: "compile" };
    }
    return { ...await this.#run(run, asked(run), options), stage: "run" };
  }

  async #run(
    program: Program,
    asked: { readonly commandName: string; readonly workingDirectory: string },
    options: RunOptions,
  ): Promise<RunOutcome> {
    const { memoryLimitMB, pidsLimit, diskLimitMB } = this.#options;
    const tail = new StderrTail();
    const output = tail.before(options.output);
    try {
      const end = await this.#drive(program, { ...options, output });
      return programOutcome(end, {
        program: program.argv[0],
        memoryBytes: memoryLimitMB * MIB,
        diskBytes: diskLimitMB * MIB,
        pidsLimit,
        stderrTail: tail.text,
      });
    } catch (error) {
      if (error instanceof ProgramNotStarted) {
        const { commandName, workingDirectory } = asked;
        return notStartedOutcome(error, {
          program: commandName,
          directory: workingDirectory,
          pidsLimit,
        });
      }
      if (!(error instanceof ContainerIoLost)) throw error;
      if (options.signal.aborted) return { cause: "stopped", exitCode: null };
      return { cause: "session_lost", exitCode: null, message: await this.#lossMessage() };
    }
  }

  /** Runs a program with what drives the container now, and with the next if that did nothing but end. */
  async #drive(program: Program, options: RunOptions, again = true): Promise<ProgramEnd> {
    const io = await this.#io();
    try {
      return await io.run(program, options);
    } catch (error) {
      if (!(error instanceof ContainerIoLost)) throw error;
      // Only then does asking again mean asking another.
      await io.lost;
      if (!again || !(error instanceof ContainerIoRenewed)) throw error;
      return await this.#drive(program, options, false);
    }
  }

  /** Whether the container is gone too shows when something else is to drive it. */
  async #lossMessage(): Promise<string> {
    try {
      await this.#container.io();
      return INTERRUPTED;
    } catch (error) {
      return error instanceof ContainerLost ? GONE : UNKNOWN;
    }
  }

  async #io() {
    try {
      return await this.#container.io();
    } catch (error) {
      if (error instanceof ContainerLost) {
        throw new SandboxError("session_closed", "Session closed: its container is gone", {
          cause: error,
        });
      }
      throw engineProblem(error, "run the command");
    }
  }
}

const INTERRUPTED =
  "The command was lost: what watches over it in the sandbox was ended, maybe by the command itself; " +
  "the session and its files are still there";

const GONE = "The command was lost: the session's container is gone";
const UNKNOWN = "The command was lost: the Docker engine does not answer";

function absolutePath(path: string): string {
  return normalize(isAbsolute(path) ? path : `${WORKSPACE}/${path}`);
}
