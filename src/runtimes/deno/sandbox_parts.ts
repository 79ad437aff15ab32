import type { Semaphore } from "../semaphore.ts";
import type { WarmPool } from "../warm_pool.ts";
import type { Cgroups } from "./cgroups.ts";
import type { Launcher, Profile } from "./launcher.ts";
import type { Slots } from "./slots.ts";
import type { SpareChild, SpareProfile } from "./spare_child.ts";
import type { Workspace } from "./workspace.ts";
import type { WorkspaceFiles } from "./workspace_files.ts";

/** What every sandbox of one runtime shares. */
export interface SandboxServices {
  readonly launcher: Launcher;
  readonly slots: Slots;
  readonly cgroups: Cgroups | undefined;
  /** Spare children, by {@linkcode SpareProfile}. */
  readonly spares: WarmPool<SpareProfile, SpareChild>;
  /** Bounds how many children are started at the same time. */
  readonly starts: Semaphore;
  /** Told when a child could not be started at all. */
  readonly onLaunchFailure: (detail: string) => void;
}

/** What one sandbox runs programs with. */
export interface SandboxParts {
  readonly profile: Profile;
  readonly workspace: Workspace;
  readonly files: WorkspaceFiles;
  /** Environment of everything that runs in it. */
  readonly env: Readonly<Record<string, string>>;
  readonly services: SandboxServices;
}
