import type { Command } from "../protocol/commands.ts";
import type { CommandEnvelope, ExecutionState } from "../protocol/execution.ts";
import type { OutputCapture } from "../runtimes/output_capture.ts";
import type { BackgroundProcess } from "./background_process.ts";
import type { Clock } from "./clock.ts";
import { stoppedEnvelope } from "./envelope.ts";
import type { ExecutionStop } from "./execution_stop.ts";

/** What makes an execution. */
export interface ExecutionOptions {
  /** Its id, the client's own or a random one. */
  readonly id: string;
  /** Whose it is. */
  readonly caller: string;
  /** The session it runs in. */
  readonly sessionId: string;
  /** The command's type. */
  readonly command: Command["type"];
  /** Takes the output; file commands have none. */
  readonly output?: OutputCapture | undefined;
  /** The program, if it runs in the background. */
  readonly process?: BackgroundProcess | undefined;
  /** Where its times come from. */
  readonly clock: Clock;
  /** Called once when it has ended, before its result is handed out. */
  readonly onEnd?: (execution: Execution, envelope: CommandEnvelope) => void;
}

/** One command's life: queued, running, ended. */
export class Execution {
  readonly id: string;
  readonly caller: string;
  readonly sessionId: string;
  readonly command: Command["type"];
  /** The output so far, of a command that runs a program. */
  readonly output: OutputCapture | undefined;
  /** The program, if it runs in the background or is to. */
  readonly process: BackgroundProcess | undefined;
  readonly #clock: Clock;
  readonly #onEnd: ExecutionOptions["onEnd"];
  readonly #controller = new AbortController();
  readonly #answer = Promise.withResolvers<CommandEnvelope>();
  readonly #ended = Promise.withResolvers<void>();
  readonly #queuedAt: number;
  #startedAt: number | undefined;
  #startedWall: number | undefined;
  #endedWall: number | undefined;
  #state: ExecutionState = "queued";
  #stop: ExecutionStop | undefined;
  #envelope: CommandEnvelope | undefined;

  /** Makes a queued execution. */
  constructor(options: ExecutionOptions) {
    this.id = options.id;
    this.caller = options.caller;
    this.sessionId = options.sessionId;
    this.command = options.command;
    this.output = options.output;
    this.process = options.process;
    this.#clock = options.clock;
    this.#onEnd = options.onEnd;
    this.#queuedAt = options.clock.now();
    // Nobody may be waiting for the answer any more, which is no reason to end the server.
    this.#answer.promise.catch(() => {});
  }

  /** Where it stands. */
  get state(): ExecutionState {
    return this.#state;
  }

  /** Aborted with an {@linkcode ExecutionStop} when it is to end. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Why it is to end or ended, if somebody stopped it. */
  get stopped(): ExecutionStop | undefined {
    return this.#stop;
  }

  /**
   * What the request is answered with: the envelope, or an error if the session was closed meanwhile. Of a
   * process in the background it is that of its start.
   */
  get answer(): Promise<CommandEnvelope> {
    return this.#answer.promise;
  }

  /** Resolves when it has ended, however; never rejects. */
  get ended(): Promise<void> {
    return this.#ended.promise;
  }

  /** Its result, once it has ended. */
  get envelope(): CommandEnvelope | undefined {
    return this.#envelope;
  }

  /** When it started and ended, as ISO 8601 timestamps in UTC. */
  get times(): { startedAt?: string; endedAt?: string } {
    return {
      ...(this.#startedWall !== undefined && { startedAt: isoTime(this.#startedWall) }),
      ...(this.#endedWall !== undefined && { endedAt: isoTime(this.#endedWall) }),
    };
  }

  /** Whether it got as far as running. */
  get started(): boolean {
    return this.#startedAt !== undefined;
  }

  /** Milliseconds that it waited before it started. */
  get queueMs(): number {
    return (this.#startedAt ?? this.#clock.now()) - this.#queuedAt;
  }

  /** Milliseconds since it started; 0 if it did not. */
  get elapsedMs(): number {
    return this.#startedAt === undefined ? 0 : this.#clock.now() - this.#startedAt;
  }

  /** Marks it as running. */
  start(): void {
    if (this.#state !== "queued") return;
    this.#state = "running";
    this.#startedAt = this.#clock.now();
    this.#startedWall = this.#clock.wallTime();
  }

  /** Answers its request, though it goes on in the background. */
  detach(envelope: CommandEnvelope): void {
    this.#answer.resolve(envelope);
  }

  /** Asks it to end: at once if it is queued, else through its signal. False if it was asked before. */
  stop(stop: ExecutionStop): boolean {
    if (this.#state === "ended" || this.#stop !== undefined) return false;
    this.#stop = stop;
    this.#controller.abort(stop);
    if (this.#state === "queued") this.end(stoppedEnvelope(this, stop), stop.requestError);
    return true;
  }

  /** Ends it with a result; the request is answered with `error` instead, if there is one. */
  end(envelope: CommandEnvelope, error?: Error): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#endedWall = this.#clock.wallTime();
    this.#envelope = envelope;
    this.output?.end();
    this.process?.ended();
    this.#onEnd?.(this, envelope);
    this.#ended.resolve();
    if (error === undefined) this.#answer.resolve(envelope);
    else this.#answer.reject(error);
  }
}

function isoTime(wallTime: number): string {
  return new Date(wallTime).toISOString();
}
