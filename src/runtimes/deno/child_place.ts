import { WORKSPACE } from "../../protocol/commands.ts";
import type { OutputSink } from "../runtime.ts";
import type { Launch } from "./launcher.ts";
import { PathMask } from "./path_mask.ts";
import type { SandboxParts } from "./sandbox_parts.ts";
import type { Slot } from "./slots.ts";
import type { Occupation } from "./workspace.ts";

/** A slot for one child, which finds the workspace where that is and keeps it there. */
export class ChildPlace implements Disposable {
  readonly slot: Slot;
  readonly #parts: SandboxParts;
  readonly #occupation: Occupation;

  private constructor(parts: SandboxParts, slot: Slot) {
    this.slot = slot;
    this.#parts = parts;
    this.#occupation = parts.workspace.occupy();
  }

  /** Takes a slot and the workspace; they are given back when it is disposed. */
  static async take(parts: SandboxParts): Promise<ChildPlace> {
    return new ChildPlace(parts, await parts.services.slots.take());
  }

  /** Where the workspace is. */
  get path(): string {
    return this.#occupation.path;
  }

  /** What a child is started with here; `directory` is as the code sees it. */
  launch(directory: string): Launch {
    const place = { kind: "workspace", path: this.path } as const;
    return { profile: this.#parts.profile, slot: this.slot, place, directory };
  }

  /** Gives slot and workspace back. */
  [Symbol.dispose](): void {
    this.#parts.services.slots.release(this.slot);
    this.#occupation[Symbol.dispose]();
  }
}

/** Masks the workspace's path in what a child writes. */
export function maskWorkspace(
  { services }: SandboxParts,
  path: string,
  output: OutputSink,
): PathMask {
  // In a file system of its own the workspace has no other name.
  const secret = services.launcher.confined ? WORKSPACE : path;
  return new PathMask(secret, WORKSPACE, output);
}
