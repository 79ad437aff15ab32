import type { Sandbox } from "../runtimes/runtime.ts";
import { CommandQueue } from "./command_queue.ts";
import { runCommand } from "./command_runner.ts";
import type { Execution } from "./execution.ts";
import { ExecutionStop } from "./execution_stop.ts";
import type { PreparedCommand } from "./prepare_command.ts";
import type { RunCommandOptions, SessionServices } from "./session_options.ts";

/** Options of {@linkcode SessionCommands}. */
export interface SessionCommandsOptions {
  readonly sandbox: Sandbox;
  /** Called when a command was queued or started. */
  readonly onBegin: () => void;
  /** Called when one has ended. */
  readonly onEnd: () => void;
  /** Called when the sandbox did not let go of one. */
  readonly onStuck: () => void;
}

/** The commands of one session that run or wait. */
export class SessionCommands {
  readonly #options: SessionCommandsOptions;
  readonly #services: SessionServices;
  readonly #queue: CommandQueue<Execution>;
  readonly #executions = new Set<Execution>();

  /** Begins without commands. */
  constructor(options: SessionCommandsOptions, services: SessionServices) {
    this.#options = options;
    this.#services = services;
    this.#queue = new CommandQueue({
      maxWaiting: services.maxQueuedCommands,
      maxBytes: services.maxQueuedBytes,
    });
  }

  /** Whether a command runs or waits. */
  get isBusy(): boolean {
    return this.#executions.size > 0;
  }

  /** How many there are, for clients. */
  get usage(): { queuedCommands: number; runningCommands: number } {
    return { queuedCommands: this.#queue.waiting, runningCommands: this.#queue.running };
  }

  /** Throws a `SandboxError` of code `queue_full` if one more command has no place. */
  assertRoom(command: PreparedCommand, concurrent: boolean): void {
    this.#queue.assertRoom({ concurrent, bytes: command.bytes });
  }

  /** Queues a command whose execution was just made. */
  run(execution: Execution, command: PreparedCommand, options: RunCommandOptions): void {
    const { timeoutMs, concurrent, path } = options;
    const { sandbox, onBegin, onStuck } = this.#options;
    this.#queue.add(execution, async () => {
      if (!await runCommand({ execution, command, sandbox, timeoutMs, path }, this.#services)) {
        onStuck();
      }
    }, { concurrent, bytes: command.bytes });
    this.#executions.add(execution);
    onBegin();
    void execution.ended.then(() => this.#ended(execution));
  }

  /** Stops one execution, or all; returns the ids of those that it stopped. */
  cancel(executionId?: string): string[] {
    const stop = new ExecutionStop({ kind: "cancelled" });
    const wanted = [...this.#executions]
      .filter(({ id }) => executionId === undefined || id === executionId);
    // Those that wait go first: stopping the one that runs must not let the next one begin.
    const waiting = wanted.filter(({ state }) => state === "queued");
    const stopped = [...waiting, ...wanted.filter((execution) => !waiting.includes(execution))]
      .filter((execution) => execution.stop(stop));
    return wanted.filter((execution) => stopped.includes(execution)).map(({ id }) => id);
  }

  /** Stops all and waits for their ends. */
  async end(stop: ExecutionStop): Promise<void> {
    const executions = [...this.#executions];
    for (const execution of executions.toReversed()) execution.stop(stop);
    await Promise.all(executions.map(({ ended }) => ended));
  }

  /** Resolves when nothing runs or waits any more. */
  async idle(): Promise<void> {
    while (this.isBusy) {
      await Promise.all([...this.#executions].map(({ ended }) => ended));
    }
  }

  #ended(execution: Execution): void {
    this.#executions.delete(execution);
    this.#queue.remove(execution);
    this.#options.onEnd();
  }
}
