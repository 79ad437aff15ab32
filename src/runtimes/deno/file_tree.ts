import type { ConfinedDirectory } from "./confined_directory.ts";

/** What moving files needs of a workspace. */
export interface FileTree {
  /** The workspace's directory now. */
  readonly root: ConfinedDirectory;
  /** Keeps it where it is while an operation is under way. */
  occupy(): Disposable;
}

/** Where is put what no session may see. */
export interface ScratchSpace {
  /** A fresh path on the workspace's file system, outside of every workspace. */
  temporaryPath(): string;
  /** Removes, in the background, what was moved to a temporary path. */
  discard(path: string): void;
}
