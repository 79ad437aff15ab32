import { SandboxError } from "../errors.ts";
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
  /** Called when one has ended or goes on in the background. */
  readonly onEnd: () => void;
  /** Called when the sandbox did not let go of one. */
  readonly onStuck: () => void;
}

/** The commands of one session that run or wait, and its processes in the background. */
export class SessionCommands {
  readonly #options: SessionCommandsOptions;
  readonly #services: SessionServices;
  readonly #queue: CommandQueue<Execution>;
  readonly #executions = new Set<Execution>();
  /** Those that run in the background. */
  readonly #processes = new Set<Execution>();

  /** Begins without commands. */
  constructor(options: SessionCommandsOptions, services: SessionServices) {
    this.#options = options;
    this.#services = services;
    this.#queue = new CommandQueue({
      maxWaiting: services.maxQueuedCommands,
      maxBytes: services.maxQueuedBytes,
    });
  }

  /** Whether a command runs or waits; what runs in the background does not count. */
  get isBusy(): boolean {
    return this.#executions.size > 0;
  }

  /** How many there are, for clients. */
  get usage(): { queuedCommands: number; runningCommands: number; processes: number } {
    return {
      queuedCommands: this.#queue.waiting,
      runningCommands: this.#queue.running,
      processes: this.#processes.size,
    };
  }

  /** Throws a `SandboxError` of code `queue_full` or `process_limit_reached` if there is no place for it. */
  assertRoom(command: PreparedCommand, concurrent: boolean): void {
    if (command.kind === "program" && command.spec.background === true) this.#assertProcessRoom();
    this.#queue.assertRoom({ concurrent, bytes: command.bytes, lane: laneOf(command) });
  }

  /** Queues a command whose execution was just made. */
  run(execution: Execution, command: PreparedCommand, options: RunCommandOptions): void {
    const { concurrent, ...others } = options;
    const { sandbox, onBegin, onStuck } = this.#options;
    this.#queue.add(execution, async () => {
      const onDetached = () => this.#toBackground(execution);
      const run = { execution, command, sandbox, ...others, onDetached };
      const { turn, ended } = runCommand(run, this.#services);
      void ended.then((isEnded) => isEnded || onStuck());
      await turn;
    }, { concurrent, bytes: command.bytes, lane: laneOf(command) });
    this.#executions.add(execution);
    onBegin();
    void execution.ended.then(() => this.#ended(execution));
  }

  /** Stops one execution, or all; returns the ids of those that it stopped. */
  cancel(executionId?: string): string[] {
    const stop = new ExecutionStop({ kind: "cancelled" });
    const wanted = [...this.#executions, ...this.#processes]
      .filter(({ id }) => executionId === undefined || id === executionId);
    // Those that wait go first: stopping the one that runs must not let the next one begin.
    const waiting = wanted.filter(({ state }) => state === "queued");
    const stopped = [...waiting, ...wanted.filter((execution) => !waiting.includes(execution))]
      .filter((execution) => execution.stop(stop));
    return wanted.filter((execution) => stopped.includes(execution)).map(({ id }) => id);
  }

  /** Stops all and waits for their ends. */
  async end(stop: ExecutionStop): Promise<void> {
    const executions = [...this.#processes, ...this.#executions];
    for (const execution of executions.toReversed()) execution.stop(stop);
    await Promise.all(executions.map(({ ended }) => ended));
  }

  /** Resolves when nothing runs or waits any more but what runs in the background. */
  async idle(): Promise<void> {
    while (this.isBusy) {
      await Promise.allSettled([...this.#executions].map(({ answer }) => answer));
    }
  }

  #assertProcessRoom(): void {
    const { maxProcesses } = this.#services;
    const coming = [...this.#executions].filter(({ process }) => process !== undefined);
    const count = this.#processes.size + coming.length;
    if (count < maxProcesses) return;
    const message = `Cannot start a process: the session has ${count} in the background, at most ` +
      `${maxProcesses} may be; end one first`;
    throw new SandboxError("process_limit_reached", message, { data: { limit: maxProcesses } });
  }

  #toBackground(execution: Execution): void {
    if (!this.#executions.delete(execution)) return;
    this.#processes.add(execution);
    this.#options.onEnd();
  }

  #ended(execution: Execution): void {
    if (this.#processes.delete(execution)) return;
    this.#executions.delete(execution);
    this.#queue.remove(execution);
    this.#options.onEnd();
  }
}

/** Cells of different contexts run side by side. */
function laneOf(command: PreparedCommand): string | undefined {
  if (command.kind !== "cell") return undefined;
  return command.isShell ? `shell ${command.context.id}` : command.context.id;
}
