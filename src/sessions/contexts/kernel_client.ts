import { CommandError, SandboxError } from "../../errors.ts";
import type { KernelProgram, KernelRequest } from "../../kernels/kernel_programs.ts";
import { WORKSPACE } from "../../protocol/commands.ts";
import type {
  OutputSink,
  ProcessControl,
  RunOutcome,
  RunSpec,
  Sandbox,
} from "../../runtimes/runtime.ts";
import { type KernelMessage, KernelStream, newKernelToken } from "./kernel_stream.ts";
import { type CellError, type CellResults, readCellError, ResultList } from "./cell_results.ts";

/** Options of {@linkcode KernelClient}. */
export interface KernelClientOptions {
  readonly sandbox: Pick<Sandbox, "run">;
  readonly program: KernelProgram;
  /** Where it starts. @default {"/workspace"} */
  readonly workingDirectory?: string;
  /** Environment variables of it. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What the kernel's results may take, in bytes of JSON. @default {8388608} */
  readonly maxResultBytes?: number;
  /** By what the kernel marks what it says. @default {newKernelToken()} */
  readonly token?: string;
}

/** A piece of code for a kernel. */
export interface KernelCell {
  readonly code: string;
  /** Environment variables of this cell only. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** What it reads from its standard input, where cells have one. */
  readonly stdin?: string | undefined;
  /** The how many-th of its kernel it is, from 1. */
  readonly count: number;
  /** Takes what it writes. */
  readonly output: OutputSink;
}

/** How a cell ended. */
export type CellEnd =
  | ({
    readonly kind: "ended";
    readonly error?: CellError | undefined;
    /** Whether an interrupt ended it. */
    readonly interrupted: boolean;
    /** With what its last command ended, where it has such. */
    readonly exitCode?: number | undefined;
  } & CellResults)
  /** The kernel ended, and the cell with it. */
  | ({ readonly kind: "lost"; readonly outcome: RunOutcome } & CellResults);

interface RunningCell {
  readonly id: number;
  readonly output: OutputSink;
  readonly results: ResultList;
  readonly end: (end: CellEnd) => void;
  /** Streams whose output is the cell's from here on. */
  readonly begun: Set<"stdout" | "stderr">;
  stderrEnded: boolean;
  last: KernelMessage | undefined;
}

/** What is kept of what comes between cells, for the next one, per kernel. */
const MAX_EARLY_BYTES = 64 * 1024;

const encoder = new TextEncoder();

/** One kernel in a sandbox, from its start to its end. */
export class KernelClient {
  /** Resolves when it takes cells, or to false if it ended before. */
  readonly ready: Promise<boolean>;
  /** How it ended; never rejects. */
  readonly ended: Promise<RunOutcome>;
  readonly #program: KernelProgram;
  readonly #maxResultBytes: number;
  readonly #stop = new AbortController();
  readonly #ready = Promise.withResolvers<boolean>();
  readonly #started = Promise.withResolvers<ProcessControl | undefined>();
  #early: { stream: "stdout" | "stderr"; bytes: Uint8Array }[] = [];
  #earlyBytes = 0;
  #cell: RunningCell | undefined;
  #nextId = 0;
  #isReady = false;
  #outcome: RunOutcome | undefined;
  /** What it said that it exits with, where it cannot do so by itself. */
  #exitCode: number | undefined;

  /** Starts a kernel. */
  constructor(options: KernelClientOptions) {
    const { sandbox, program, maxResultBytes = 8 * 1024 * 1024 } = options;
    const { token = newKernelToken() } = options;
    this.#program = program;
    this.#maxResultBytes = maxResultBytes;
    this.ready = this.#ready.promise;
    const streams = {
      stdout: this.#stream("stdout", token),
      stderr: this.#stream("stderr", token),
    };
    const run = sandbox.run(kernelSpec(options, token), {
      output: (stream, bytes) => streams[stream].push(bytes),
      signal: this.#stop.signal,
      started: (control) => this.#started.resolve(control),
    });
    this.ended = run.catch(lostOutcome).then((ending) => {
      const exitCode = this.#exitCode;
      const outcome = exitCode === undefined ? ending : { cause: "exited" as const, exitCode };
      streams.stdout.end();
      streams.stderr.end();
      this.#end(outcome);
      return outcome;
    });
  }

  /** Whether it has not ended. */
  get alive(): boolean {
    return this.#outcome === undefined;
  }

  /** Whether it takes cells. */
  get isReady(): boolean {
    return this.#isReady && this.alive;
  }

  /** Runs a cell, one at a time, to its end. Never rejects. */
  async run({ code, env, stdin, count, output }: KernelCell): Promise<CellEnd> {
    if (this.#cell !== undefined) throw new TypeError("Cannot run a cell: another one runs");
    const id = ++this.#nextId;
    const { promise, resolve } = Promise.withResolvers<CellEnd>();
    const results = new ResultList(this.#maxResultBytes);
    const begun = new Set(this.#program.saysBegin ? [] : ["stdout", "stderr"] as const);
    this.#cell = { id, output, results, begun, end: resolve, stderrEnded: false, last: undefined };
    for (const { stream, bytes } of this.#early.splice(0)) output(stream, bytes);
    this.#earlyBytes = 0;
    const control = await this.#started.promise;
    if (this.#outcome !== undefined || control === undefined) {
      this.#endCell({ kind: "lost", outcome: await this.ended });
    } else {
      void this.#send(control, { type: "cell", id, count, code, env, stdin });
    }
    return await promise;
  }

  /** Asks the running cell to end; what comes of it is the cell's end. */
  async interrupt(): Promise<void> {
    const { id } = this.#cell ?? {};
    // A signal would end an interpreter that is not prepared for it.
    await this.ready;
    const control = await this.#started.promise;
    if (id === undefined || this.#cell?.id !== id || control === undefined) return;
    if (this.#program.interrupt === "message") {
      return await this.#send(control, { type: "interrupt", id });
    }
    // Its children are in its group and are to end too.
    await control.signal("SIGINT", "group");
  }

  /** Ends the kernel with all that it started. */
  kill(): void {
    this.#stop.abort();
  }

  #send(control: ProcessControl, request: KernelRequest): Promise<void> {
    return control.write(encoder.encode(this.#program.encode(request)));
  }

  #stream(stream: "stdout" | "stderr", token: string): KernelStream {
    return new KernelStream(token, {
      output: (bytes) => this.#output(stream, bytes),
      message: (message) => this.#receive(stream, message),
      tooLarge: () => this.#cell?.results.drop(),
    }, this.#maxResultBytes);
  }

  #output(stream: "stdout" | "stderr", bytes: Uint8Array): void {
    const cell = this.#cell;
    if (cell?.begun.has(stream)) return cell.output(stream, bytes);
    if (this.#program.saysBegin && this.#isReady) return;
    if (this.#earlyBytes + bytes.length > MAX_EARLY_BYTES) return;
    this.#early.push({ stream, bytes: bytes.slice() });
    this.#earlyBytes += bytes.length;
  }

  #receive(stream: "stdout" | "stderr", message: KernelMessage): void {
    if (message.type === "ready") {
      // What interpreters say at their start is no output of a cell.
      this.#early = [];
      this.#earlyBytes = 0;
      if (stream === "stdout") {
        this.#isReady = true;
        this.#ready.resolve(true);
      }
      return;
    }
    if (message.type === "exit" && typeof message.code === "number") {
      this.#exitCode = Math.trunc(message.code) & 0xff;
      return this.kill();
    }
    const cell = this.#cell;
    if (cell === undefined || message.id !== cell.id) return;
    if (message.type === "begin") return void cell.begun.add(stream);
    if (message.type === "result") return cell.results.add(message.data);
    if (message.type !== "end") return;
    if (stream === "stderr") cell.stderrEnded = true;
    else cell.last = message;
    if (!cell.stderrEnded || cell.last === undefined) return;
    const { error, interrupted, exitCode } = cell.last;
    this.#endCell({
      kind: "ended",
      ...(error !== undefined && { error: readCellError(error) }),
      interrupted: interrupted === true,
      ...(typeof exitCode === "number" && { exitCode: Math.trunc(exitCode) & 0xff }),
    });
  }

  #end(outcome: RunOutcome): void {
    this.#outcome = outcome;
    this.#started.resolve(undefined);
    this.#ready.resolve(false);
    this.#endCell({ kind: "lost", outcome });
  }

  #endCell(
    end:
      | { kind: "lost"; outcome: RunOutcome }
      | {
        kind: "ended";
        error?: CellError | undefined;
        interrupted: boolean;
        exitCode?: number | undefined;
      },
  ): void {
    const cell = this.#cell;
    if (cell === undefined) return;
    this.#cell = undefined;
    cell.end({ ...end, ...cell.results.finish() });
  }
}

function kernelSpec(options: KernelClientOptions, token: string): RunSpec {
  const { program, workingDirectory = WORKSPACE, env } = options;
  const { argv: [commandName, ...args], module, greeting } = program;
  const stdin = greeting(token);
  const shared = { stdin, keepStdin: true, background: true, ...(module && { module }) };
  return { kind: "shell", commandName, args, workingDirectory, ...(env && { env }), ...shared };
}

/** A sandbox that throws has no outcome, and the cell's end must have one. */
function lostOutcome(error: unknown): RunOutcome {
  if (error instanceof CommandError) {
    return { cause: "not_started", exitCode: null, message: error.message };
  }
  const message = error instanceof SandboxError
    ? error.message
    : "The sandbox could not run the context's interpreter";
  return { cause: "session_lost", exitCode: null, message };
}
