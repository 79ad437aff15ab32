import { delay } from "@std/async";
import type { SandboxLoss } from "../runtime.ts";
import type { ContainerIo } from "./container_io.ts";
import type { ImageFacts } from "./images.ts";

/** What a {@linkcode Container} needs of those who make it. */
export interface ContainerHost {
  /** Connects to it: a new agent, or the engine's endpoints. */
  connect(container: Container): Promise<ContainerIo>;
  /** Whether it runs; throws if the engine does not answer. */
  stateOf(id: string): Promise<"running" | "stopped" | "gone">;
  /** Ends everything in it, and starts it again; its files stay. */
  restart(id: string): Promise<void>;
  /** Starts one that has ended; its files are still there. */
  start(id: string): Promise<void>;
  /** Removes it by force. */
  remove(id: string): Promise<void>;
  /** Whether an error means that the engine is away. */
  isAway(error: unknown): boolean;
}

/** Options of {@linkcode Container}. */
export interface ContainerOptions {
  readonly id: string;
  readonly image: ImageFacts;
  readonly diskLimitMB: number;
  /** Whether no code of a session has run in it. */
  readonly isFresh: boolean;
}

/** How long an engine that is being stopped may still answer after it has ended its containers. */
const SETTLE_MS = 1500;
const RECHECK_MS = 300;
const GONE = "its container was removed by somebody else";
const STOPPED = "its container ended by itself, or somebody stopped it";
/** Agents that may fail to start before everything in the container is ended. */
const TRIES = 1;

/** One container of ours that runs, and whatever drives it at the time. */
export class Container implements AsyncDisposable {
  readonly id: string;
  readonly image: ImageFacts;
  readonly diskLimitMB: number;
  /** Resolves if it dies by itself; never rejects. */
  readonly lost: Promise<SandboxLoss>;
  /** Resolves when it was removed or let go of. */
  readonly ended: Promise<void>;
  readonly #end: () => void;
  readonly #host: ContainerHost;
  readonly #lose: (loss: SandboxLoss) => void;
  #io: Promise<ContainerIo> | undefined;
  #driver: ContainerIo["kind"] = "agent";
  #isFresh: boolean;
  /** The engine is away, or came back and the container has not been looked at yet. */
  #isSuspended = false;
  #resuming: Promise<void> | undefined;
  #isLost = false;
  #isReleased = false;
  #verifying: Promise<void> | undefined;
  #disposed: Promise<void> | undefined;

  /** Takes over a container that runs. */
  constructor(options: ContainerOptions, host: ContainerHost) {
    this.id = options.id;
    this.image = options.image;
    this.diskLimitMB = options.diskLimitMB;
    this.#isFresh = options.isFresh;
    this.#host = host;
    const { promise, resolve } = Promise.withResolvers<SandboxLoss>();
    this.lost = promise;
    this.#lose = resolve;
    const end = Promise.withResolvers<void>();
    this.ended = end.promise;
    this.#end = end.resolve;
  }

  /** Whether no code of a session has run in it, so that what fails in it is not a session's doing. */
  get isFresh(): boolean {
    return this.#isFresh;
  }

  /** Gives it to a session. */
  hand(): void {
    this.#isFresh = false;
  }

  /** Whether the agent drives it, or the engine's slower endpoints do. */
  get driver(): ContainerIo["kind"] {
    return this.#driver;
  }

  /** Whether it can still be used. */
  get alive(): boolean {
    return !this.#isLost && this.#disposed === undefined;
  }

  /**
   * What drives it, connected anew if what did so before was lost. Throws an `EngineError` while the
   * engine is away, and a `ContainerLost` when the container is no more.
   */
  io(): Promise<ContainerIo> {
    if (this.#io === undefined) {
      const io = this.#connect();
      this.#io = io;
      io.then(({ kind, lost }) => {
        this.#driver = kind;
        // The first to be told: whoever waits for the loss finds the next.
        void lost.then(() => {
          if (this.#io === io) this.#io = undefined;
          return this.verify();
        });
      }, () => {
        if (this.#io === io) this.#io = undefined;
      });
    }
    return this.#io;
  }

  /** Looks whether it still runs, after a sign that it may not; never rejects. */
  verify(): Promise<void> {
    return this.#verifying ??= this.#verify().finally(() => this.#verifying = undefined);
  }

  /** Says that the engine is away, which ends containers that are none the worse for it. */
  suspend(): void {
    this.#isSuspended = true;
  }

  /** Starts it again if the engine's absence ended it; never rejects. */
  resume(): Promise<void> {
    return this.#resuming ??= this.#resume().finally(() => this.#resuming = undefined);
  }

  /** Gives it up for a reason of ours. */
  giveUp(loss: SandboxLoss): void {
    this.#isLost = true;
    this.#lose(loss);
  }

  /** Whether it was let go of. */
  get isReleased(): boolean {
    return this.#isReleased;
  }

  /** Lets go of it without removing it. */
  async release(): Promise<void> {
    if (this.#disposed !== undefined) return await this.#disposed;
    this.#isReleased = true;
    this.#disposed = Promise.resolve();
    await this.#disconnect();
    this.#end();
  }

  /** Removes it with everything in it. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    // The engine ends its programs much faster than they could be asked to end.
    await this.#host.remove(this.id);
    this.#end();
    await this.#disconnect();
  }

  async #disconnect(): Promise<void> {
    const io = await this.#io?.catch(() => undefined);
    await io?.[Symbol.asyncDispose]();
  }

  async #connect(): Promise<ContainerIo> {
    await this.#resuming;
    for (let tries = 1;; tries++) {
      if (this.#isLost || this.#disposed !== undefined) throw new ContainerLost();
      try {
        return await this.#host.connect(this);
      } catch (error) {
        await this.verify();
        // The engine knows of a container's end a moment later than whoever was connected to it.
        if (!this.#isLost) await delay(RECHECK_MS);
        await this.verify();
        if (this.#isLost) throw new ContainerLost();
        if (tries > TRIES) throw error;
        // Something in it ends every agent at once.
        if (tries === TRIES) await this.#restart();
      }
    }
  }

  /** Of one that is being removed the engine says that it runs until it refuses this. */
  async #restart(): Promise<void> {
    try {
      await this.#host.restart(this.id);
    } catch (error) {
      await this.verify();
      if (this.#isLost) throw new ContainerLost();
      throw error;
    }
  }

  async #resume(): Promise<void> {
    try {
      const state = this.alive ? await this.#host.stateOf(this.id) : "running";
      if (state === "gone") {
        this.giveUp({ reason: "runtime_failure", message: GONE });
      } else if (state === "stopped") {
        await this.#host.start(this.id);
      }
      this.#isSuspended = false;
    } catch (error) {
      // Away again, in which case it stays suspended; any other refusal is for good.
      if (this.#host.isAway(error)) return;
      this.giveUp({
        reason: "runtime_failure",
        message: "its container could not be started again",
      });
    }
  }

  async #verify(): Promise<void> {
    if (!this.alive || this.#isSuspended) return;
    try {
      let state = await this.#host.stateOf(this.id);
      if (state === "stopped") {
        // An engine that is being stopped ends its containers first and answers a little longer.
        await delay(SETTLE_MS);
        state = await this.#host.stateOf(this.id);
      }
      if (state === "running" || !this.alive || this.#isSuspended) return;
      this.giveUp({ reason: "runtime_failure", message: state === "gone" ? GONE : STOPPED });
    } catch {
      // The engine does not answer: what became of the container shows when it does.
    }
  }
}

/** The container is no more. */
export class ContainerLost extends Error {
  override readonly name = "ContainerLost";

  /** Makes the error. */
  constructor() {
    super("The container is gone");
  }
}
