import { delay } from "@std/async";
import type { SandboxLoss } from "../runtime.ts";

/** A container whose files are counted. */
export interface WatchedDisk {
  readonly diskLimitMB: number;
  /** Counts the bytes that it has written; rejects if that cannot be told now. */
  measure(): Promise<number>;
  /** Gives it up. */
  giveUp(loss: SandboxLoss): void;
}

const MIB = 1024 * 1024;
/** Between two rounds. */
const ROUND_MS = 1000;
/** Counting walks over all files: it may take this part of the time. */
const REST_FACTOR = 9;

/**
 * Bounds the size of what containers write, where the engine cannot: counts those in which something
 * happened, one after the other, and gives up those that are over their limit.
 */
export class DiskWatch implements AsyncDisposable {
  readonly #touched = new Set<WatchedDisk>();
  readonly #busy = new Map<WatchedDisk, number>();
  readonly #stop = new AbortController();
  #loop: Promise<void> | undefined;

  /** A program runs in it until the returned handle is disposed. */
  busy(disk: WatchedDisk): Disposable {
    this.#busy.set(disk, (this.#busy.get(disk) ?? 0) + 1);
    this.touch(disk);
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        const left = (this.#busy.get(disk) ?? 1) - 1;
        if (left > 0) this.#busy.set(disk, left);
        else this.#busy.delete(disk);
        this.touch(disk);
      },
    };
  }

  /** Something may have been written. */
  touch(disk: WatchedDisk): void {
    if (this.#stop.signal.aborted) return;
    this.#touched.add(disk);
    this.#loop ??= this.#run().finally(() => this.#loop = undefined);
  }

  /** Forgets it. */
  forget(disk: WatchedDisk): void {
    this.#touched.delete(disk);
    this.#busy.delete(disk);
  }

  /** Ends the watch. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#stop.abort();
    await this.#loop;
  }

  async #run(): Promise<void> {
    const { signal } = this.#stop;
    while (this.#touched.size > 0) {
      await delay(ROUND_MS, { signal }).catch(() => {});
      for (const disk of [...this.#touched]) {
        if (signal.aborted) return;
        if (!this.#busy.has(disk)) this.#touched.delete(disk);
        const began = performance.now();
        await check(disk);
        const rest = (performance.now() - began) * REST_FACTOR;
        await delay(rest, { signal }).catch(() => {});
      }
    }
  }
}

async function check(disk: WatchedDisk): Promise<void> {
  try {
    const bytes = await disk.measure();
    const limit = disk.diskLimitMB * MIB;
    if (bytes <= limit) return;
    const found = Math.ceil(bytes / MIB);
    const message = `its files take ${found} MB, the limit is ${disk.diskLimitMB} MB (diskLimitMB)`;
    disk.giveUp({ reason: "limit_exceeded", message });
  } catch {
    // It ended, or the engine is away: nothing is written meanwhile that the next count does not see.
  }
}
