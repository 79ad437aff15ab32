import { join } from "@std/path";
import { CommandError } from "../../errors.ts";
import { WORKSPACE } from "../../protocol/path.ts";
import type { RunOptions, RunOutcome } from "../runtime.ts";
import { StderrTail } from "../stderr_tail.ts";
import type { Cgroups } from "./cgroups.ts";
import { Child } from "./child.ts";
import type { ScratchSpace } from "./file_tree.ts";
import type { Launcher, Profile } from "./launcher.ts";
import { cleanTree, measureTree, watchSize } from "./measured_tree.ts";
import { mergeModules } from "./merge_modules.ts";
import { NpmManifest } from "./npm_manifest.ts";
import { type NpmRegistry, registryRefusal } from "./npm_registry.ts";
import type { Grants } from "./permissions.ts";
import { runOutcome } from "./run_outcome.ts";
import type { Slot, Slots } from "./slots.ts";
import type { Workspace } from "./workspace.ts";

/** What installing needs of the runtime. */
export interface InstallerServices {
  readonly launcher: Launcher;
  readonly slots: Slots;
  readonly cgroups: Cgroups | undefined;
}

/** Options of {@linkcode PackageInstaller}. */
export interface PackageInstallerOptions {
  readonly registry: NpmRegistry;
  /** That of the session's code. */
  readonly profile: Profile;
  readonly workspace: Workspace;
  readonly scratch: ScratchSpace;
  readonly services: InstallerServices;
}

const MIB = 1024 * 1024;
/** Deno itself may need more than the code of a small session. */
const MIN_MEMORY_MB = 512;
const MAX_ENTRIES = 100_000;
const MAX_LOCK_BYTES = 4 * MIB;
const GRANTS: Grants = {
  read: [WORKSPACE],
  write: [WORKSPACE],
  net: true,
  denyNet: [],
  env: [],
  run: [],
};

const UNCONFINED = "Cannot install packages: packages are only kept apart from the machine's own " +
  "files by an outer sandbox, and bubblewrap does not work on this server; use a docker session";

/**
 * Installs packages from npm for one session. Deno fetches and unpacks them in a directory of its own that no
 * code of the session reaches; what is there in the end is moved into the workspace.
 */
export class PackageInstaller {
  readonly #options: PackageInstallerOptions;
  #manifest = new NpmManifest();
  #turn: Promise<unknown> = Promise.resolve();

  /** Installs into a workspace, which has no packages yet. */
  constructor(options: PackageInstallerOptions) {
    this.#options = options;
  }

  /** What was installed by name; empty if nothing ever was. */
  get installed(): readonly string[] {
    return this.#manifest.names;
  }

  /** Installs packages besides those that it has installed before, whose names are valid. */
  async install(packages: readonly string[], options: RunOptions): Promise<RunOutcome> {
    const { profile, registry, services } = this.#options;
    const refusal = services.launcher.confined
      ? registryRefusal(profile.grants, registry)
      : UNCONFINED;
    if (refusal !== undefined) return { cause: "not_started", exitCode: null, message: refusal };
    const turn = this.#turn.then(() => this.#install(packages, options));
    this.#turn = turn.catch(() => {});
    return await turn;
  }

  async #install(packages: readonly string[], options: RunOptions): Promise<RunOutcome> {
    const { scratch, services: { slots } } = this.#options;
    if (options.signal.aborted) return { cause: "stopped", exitCode: null };
    const manifest = this.#manifest.with(packages);
    const place = scratch.temporaryPath();
    const slot = await slots.take();
    try {
      await writePlace(place, manifest);
      const outcome = await this.#run(place, slot, options);
      if (outcome.cause !== "exited" || outcome.exitCode !== 0) return outcome;
      return await this.#publish(place, manifest) ?? outcome;
    } finally {
      scratch.discard(place);
      slots.release(slot);
    }
  }

  async #run(place: string, slot: Slot, { output, signal }: RunOptions): Promise<RunOutcome> {
    const { launcher, cgroups } = this.#options.services;
    const profile = this.#profile;
    const command = await launcher.installer({
      profile,
      slot,
      place: { kind: "workspace", path: place },
      directory: WORKSPACE,
    }, this.#options.registry);
    if (signal.aborted) return { cause: "stopped", exitCode: null };
    const child = new Child(command);
    const tail = new StderrTail();
    let tooLarge = false;
    child.pipeTo(tail.before(output));
    void child.closeInput();
    const stop = () => child.stop();
    signal.addEventListener("abort", stop);
    using _size = watchSize(place, profile.diskLimitMB * MIB, () => {
      tooLarge = true;
      child.kill();
    });
    try {
      const end = await child.ended;
      if (tooLarge && !signal.aborted) return this.#tooLarge();
      return runOutcome(end, {
        stopped: signal.aborted,
        confined: true,
        program: false,
        stderrTail: tail.text,
        counters: await cgroups?.counters(slot.name),
        memoryBytes: profile.memoryLimitMB * MIB,
        diskBytes: profile.diskLimitMB * MIB,
        pidsLimit: profile.pidsLimit,
      });
    } finally {
      signal.removeEventListener("abort", stop);
    }
  }

  /** Moves what was installed into the workspace; resolves to its outcome if it may not be there. */
  async #publish(place: string, manifest: NpmManifest): Promise<RunOutcome | undefined> {
    const { workspace } = this.#options;
    const fresh = join(place, "node_modules");
    const entries = await cleanTree(fresh);
    if (await measureTree(fresh) > this.#profile.diskLimitMB * MIB) return this.#tooLarge();
    if (entries > MAX_ENTRIES) {
      throw new CommandError(
        `Cannot install packages: they have ${entries} files and directories, expected at most ` +
          MAX_ENTRIES,
      );
    }
    const lock = await readLock(place);
    const replaced = join(place, "replaced");
    using occupation = workspace.occupy();
    const target = join(occupation.path, "node_modules");
    try {
      mergeModules({ fresh, target, replaced });
    } catch (cause) {
      const message = "Cannot put the packages into the workspace: its rights, or those of " +
        "/workspace/node_modules, do not allow it";
      throw new CommandError(message, { cause });
    }
    this.#manifest = manifest.withLock(lock);
    return undefined;
  }

  get #profile(): Profile {
    const { memoryLimitMB, diskLimitMB, pidsLimit } = this.#options.profile;
    return {
      grants: GRANTS,
      memoryLimitMB: Math.max(memoryLimitMB, MIN_MEMORY_MB),
      diskLimitMB,
      pidsLimit,
    };
  }

  #tooLarge(): RunOutcome {
    const { diskLimitMB } = this.#profile;
    return {
      cause: "disk_limit",
      exitCode: null,
      message: `The packages take more than the ${diskLimitMB} MB that files of this session may`,
      limit: { kind: "disk", configured: diskLimitMB * MIB },
    };
  }
}

/** A project of its own: nothing that the session wrote, and nothing above it, says how to install. */
async function writePlace(place: string, manifest: NpmManifest): Promise<void> {
  await Deno.mkdir(place, { mode: 0o700 });
  await Deno.writeTextFile(join(place, "package.json"), manifest.toJson());
  await Deno.writeTextFile(join(place, "deno.json"), '{"nodeModulesDir":"manual"}');
  if (manifest.lock !== undefined) {
    await Deno.writeTextFile(join(place, "deno.lock"), manifest.lock);
  }
}

/** Without notes the next installation chooses versions anew. */
async function readLock(place: string): Promise<string | undefined> {
  const path = join(place, "deno.lock");
  try {
    const { size } = await Deno.stat(path);
    return size > MAX_LOCK_BYTES ? undefined : await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
}
