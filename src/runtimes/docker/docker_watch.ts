import { delay } from "@std/async";
import { InvalidParamsError, SandboxError } from "../../errors.ts";
import {
  type FileEventSink,
  type SandboxWatch,
  watchedDirectoryGone,
  type WatchEnd,
  type WatchSpec,
} from "../file_watch.ts";
import { type ContainerIo, ContainerIoLost, type IoWatch } from "./container_io.ts";

/** Between a watch that was lost and the next, which something in the container may end again at once. */
const AGAIN_MS = 1000;

/** A watch that goes on when what drives the container is another. */
export class DockerWatch implements SandboxWatch {
  readonly ended: Promise<WatchEnd>;
  readonly #io: () => Promise<ContainerIo>;
  readonly #spec: WatchSpec;
  readonly #onEvents: FileEventSink;
  readonly #stop = new AbortController();
  #watch: IoWatch;

  private constructor(
    watch: IoWatch,
    io: () => Promise<ContainerIo>,
    { spec, onEvents }: { readonly spec: WatchSpec; readonly onEvents: FileEventSink },
  ) {
    this.#watch = watch;
    this.#io = io;
    this.#spec = spec;
    this.#onEvents = onEvents;
    this.ended = this.#follow();
  }

  /** Begins to watch, with what drives the container now. Throws a `SandboxError`. */
  static async start(
    io: () => Promise<ContainerIo>,
    spec: WatchSpec,
    onEvents: FileEventSink,
  ): Promise<DockerWatch> {
    const watch = await begin(io, spec, onEvents).catch(async (error) => {
      if (!(error instanceof ContainerIoLost)) throw error;
      return await begin(io, spec, onEvents);
    });
    return new DockerWatch(watch, io, { spec, onEvents });
  }

  /** What the watch that is there now cannot watch. */
  get notWatched(): readonly string[] {
    return this.#watch.notWatched;
  }

  /** Ends it. */
  [Symbol.dispose](): void {
    this.#stop.abort();
    this.#watch[Symbol.dispose]();
  }

  async #follow(): Promise<WatchEnd> {
    for (;;) {
      try {
        await this.#watch.ended;
        return watchedDirectoryGone(this.#spec.path);
      } catch (error) {
        if (!(error instanceof ContainerIoLost)) return failed(error);
      }
      const end = await this.#again();
      if (end !== undefined) return end;
    }
  }

  /** Watches anew; returns the end if that is no use any more. */
  async #again(): Promise<WatchEnd | undefined> {
    while (!this.#stop.signal.aborted) {
      await delay(AGAIN_MS, this.#stop).catch(() => {});
      if (this.#stop.signal.aborted) break;
      try {
        this.#watch = await begin(this.#io, this.#spec, this.#onEvents);
        if (this.#stop.signal.aborted) this.#watch[Symbol.dispose]();
        const { notWatched } = this.#watch;
        this.#onEvents({ events: [], overflow: true, notWatched });
        return undefined;
      } catch (error) {
        if (error instanceof InvalidParamsError) return watchedDirectoryGone(this.#spec.path);
        const mayCome = error instanceof ContainerIoLost ||
          (error instanceof SandboxError && error.code === "runtime_unavailable");
        if (!mayCome) return failed(error);
      }
    }
    return { reason: "failed", message: "The watch was deleted" };
  }
}

async function begin(
  io: () => Promise<ContainerIo>,
  spec: WatchSpec,
  onEvents: FileEventSink,
): Promise<IoWatch> {
  const driver = await io();
  try {
    return await driver.watch(spec, onEvents);
  } catch (error) {
    // Only then does asking again mean asking another.
    if (error instanceof ContainerIoLost) await driver.lost;
    throw error;
  }
}

function failed(error: unknown): WatchEnd {
  const message = error instanceof SandboxError ? error.message : "The watch failed";
  return { reason: "failed", message };
}
