import type { OutputSink } from "../runtime.ts";
import { Child, type ChildEnd } from "./child.ts";
import type { Launch, Launcher } from "./launcher.ts";
import type { Slot } from "./slots.ts";

/** What the bootstrap is told before the program starts. */
export interface ProgramStart {
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Where to change to first, as the code sees it; undefined stays. */
  readonly directory: string | undefined;
}

const encoder = new TextEncoder();

/**
 * A child that waits, with Deno up and the bootstrap running, to be told what program to run; see
 * `bootstrap/bootstrap.js` for the other side.
 */
export class CodeChild implements AsyncDisposable {
  /** The slot it runs in; its owner releases it. */
  readonly slot: Slot;
  /** Resolves to true when the bootstrap waits for work, to false if the child ended before. */
  readonly ready: Promise<boolean>;
  readonly #child: Child;
  readonly #resolveReady: (ready: boolean) => void;
  #isReady = false;
  #failure = "";

  /** Starts a child whose program will appear in the workspace as `main`. */
  constructor(launcher: Launcher, launch: Launch, main: string) {
    this.slot = launch.slot;
    this.#child = new Child(launcher.code(launch, main));
    const { promise, resolve } = Promise.withResolvers<boolean>();
    this.ready = promise;
    this.#resolveReady = resolve;
    this.#child.pipeTo((stream, bytes) => {
      if (stream === "stdout") {
        this.#markReady();
      } else if (this.#failure.length < 2000) {
        this.#failure += new TextDecoder().decode(bytes);
      }
    });
    this.#child.ended.then(() => resolve(false));
  }

  /** Whether it waits for work now. */
  get isReady(): boolean {
    return this.#isReady && this.#child.alive;
  }

  /** Whether its bootstrap ever ran. */
  get wasReady(): boolean {
    return this.#isReady;
  }

  /** Whether it can still be given work. */
  get alive(): boolean {
    return this.#child.alive;
  }

  /** Resolves when it is gone and all its output was handed over. */
  get ended(): Promise<ChildEnd> {
    return this.#child.ended;
  }

  /** What a child that never became ready wrote to its standard error, for the log. */
  get failure(): string {
    return this.#failure;
  }

  /** Tells it what to run; what it writes from then on goes to `sink`. */
  start({ args, env, directory }: ProgramStart, stdin: string | undefined, sink: OutputSink): void {
    this.#child.pipeTo((stream, bytes) => {
      if (this.#isReady || stream === "stderr") return sink(stream, bytes);
      this.#markReady();
      if (bytes.length > 1) sink(stream, bytes.subarray(1));
    });
    const message = startMessage({ args, env, directory }, stdin);
    // Not awaited: a program need not read its input, and ends all the same.
    this.#child.write(message).then(() => this.#child.closeInput());
  }

  #markReady(): void {
    this.#isReady = true;
    this.#resolveReady(true);
  }

  /** Asks it to end, and ends it after a grace time. */
  stop(): void {
    this.#child.stop();
  }

  /** Ends it at once. */
  kill(): void {
    this.#child.kill();
  }

  /** Ends it and waits until it is gone. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.kill();
    await this.#child.ended;
  }
}

/** What the bootstrap reads from its standard input, and what it leaves to the program. */
export function startMessage(
  { args, env, directory }: ProgramStart,
  stdin = "",
): Uint8Array<ArrayBuffer> {
  const header = encoder.encode(JSON.stringify({ args, env, directory }));
  const input = encoder.encode(stdin);
  const message = new Uint8Array(4 + header.length + input.length);
  new DataView(message.buffer).setUint32(0, header.length);
  message.set(header, 4);
  message.set(input, 4 + header.length);
  return message;
}
