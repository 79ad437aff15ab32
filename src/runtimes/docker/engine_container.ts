import { ContainerIoLost } from "./container_io.ts";
import { SANDBOX_USER } from "./container_spec.ts";
import { EngineExec } from "./engine_exec.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import { containerRestart } from "./engine/container_restart.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { EngineError } from "./engine/engine_error.ts";

/** Options of {@linkcode EngineContainer.exec}. */
export interface ContainerExecOptions {
  /** Whether something is written to its standard input. @default {false} */
  readonly stdin?: boolean;
}

/**
 * Nothing of the session's gets into the environment of these programs, and what an image may have set
 * must not get into the way of a shell.
 */
const ENV = ["LC_ALL=C", "LD_PRELOAD=", "ENV=", "BASH_ENV="];

/** One container as it is seen through the engine. Once lost, it stays so: whoever needs it connects anew. */
export class EngineContainer {
  /** Resolves when it is of no use any more; never rejects. */
  readonly lost: Promise<void>;
  readonly #engine: EngineClient;
  readonly #id: string;
  readonly #resolveLost: () => void;
  #loss: ContainerIoLost | undefined;
  #startedAt: Promise<string> | undefined;

  /** Sees a container through an engine. */
  constructor(engine: EngineClient, id: string) {
    this.#engine = engine;
    this.#id = id;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.lost = promise;
    this.#resolveLost = resolve;
  }

  /** Starts a program in it, as the sandbox's user. Throws {@linkcode ContainerIoLost}. */
  async exec(
    argv: readonly string[],
    { stdin = false }: ContainerExecOptions = {},
  ): Promise<EngineExec> {
    return await this.reach(() =>
      EngineExec.start(this.#engine, this.#id, {
        Cmd: argv,
        Env: ENV,
        User: SANDBOX_USER,
        WorkingDir: "/",
        AttachStdin: stdin,
        AttachStdout: true,
        AttachStderr: true,
      })
    );
  }

  /** Does something that needs the engine and the container: what it throws means that one is gone. */
  async reach<T>(action: () => Promise<T>): Promise<T> {
    if (this.#loss !== undefined) throw this.#loss;
    try {
      return await action();
    } catch (error) {
      throw error instanceof EngineError ? this.lose(error.message, error) : error;
    }
  }

  /** Remembers which run of the container this is, to notice one that was started again. */
  async note(): Promise<void> {
    this.#startedAt ??= this.#askStart();
    await this.#startedAt;
  }

  /**
   * The exit code of a program that ended without a word of its own. Throws {@linkcode ContainerIoLost}
   * if that is the doing of its container's end.
   */
  async exitCode(exec: EngineExec): Promise<number | null> {
    const startedAt = await this.#startedAt;
    if (startedAt !== undefined && await this.#askStart() !== startedAt) {
      throw this.lose("The container was started again");
    }
    const { ExitCode } = await this.reach(() => exec.inspect());
    return ExitCode;
  }

  /** Ends everything in it at once, the hard way. */
  async restart(): Promise<ContainerIoLost> {
    await this.reach(() => containerRestart(this.#engine, this.#id));
    return this.lose("What ran in the container could not be ended, so it was started again");
  }

  /** Gives it up. */
  lose(message: string, cause?: unknown): ContainerIoLost {
    this.#loss ??= new ContainerIoLost(message, { cause });
    this.#resolveLost();
    return this.#loss;
  }

  async #askStart(): Promise<string> {
    const { State } = await this.reach(() => containerInspect(this.#engine, this.#id));
    if (!State.Running) throw this.lose("The container does not run any more");
    return State.StartedAt;
  }
}
