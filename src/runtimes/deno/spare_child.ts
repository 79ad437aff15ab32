import type { Warm } from "../warm_pool.ts";
import { CodeChild } from "./code_child.ts";
import type { Launcher, Profile } from "./launcher.ts";
import type { Slots } from "./slots.ts";

/** What a spare is started with: a profile and the name of its main module. */
export interface SpareProfile {
  readonly profile: Profile;
  readonly main: string;
}

/** Equal for spares that can stand in for each other. */
export function spareKey(spare: SpareProfile): string {
  return JSON.stringify(spare);
}

/** A child that was started for nobody in particular, in a slot that waits for a workspace. */
export class SpareChild implements Warm {
  /** The child; whoever takes it takes its slot too. */
  readonly child: CodeChild;
  readonly #slots: Slots;

  private constructor(child: CodeChild, slots: Slots) {
    this.child = child;
    this.#slots = slots;
  }

  /** Starts one. */
  static async start(
    { profile, main }: SpareProfile,
    { slots, launcher }: { slots: Slots; launcher: Launcher },
  ): Promise<SpareChild> {
    const slot = await slots.take();
    const launch = { profile, slot, place: { kind: "slot" }, directory: "/" } as const;
    return new SpareChild(new CodeChild(launcher, launch, main), slots);
  }

  /** Whether it waits for work now. */
  get isReady(): boolean {
    return this.child.isReady;
  }

  /** Whether it can still be given work. */
  get alive(): boolean {
    return this.child.alive;
  }

  /** Resolves when it waits for work, or to false when it never will. */
  get ready(): Promise<boolean> {
    return this.child.ready;
  }

  /** Ends it and gives its slot back. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.child[Symbol.asyncDispose]();
    this.#slots.release(this.child.slot);
  }
}
