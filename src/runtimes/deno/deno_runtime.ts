import { join } from "@std/path";
import { InvalidParamsError, type Issue, SandboxError } from "../../errors.ts";
import type {
  LanguageSupport,
  RunOutcome,
  Runtime,
  RuntimeStatus,
  Sandbox,
  SandboxSpec,
} from "../runtime.ts";
import { Semaphore } from "../semaphore.ts";
import { WarmPool } from "../warm_pool.ts";
import { writeBootstrapFiles } from "./bootstrap_files.ts";
import { hasBubblewrap, skeletonOf, systemView } from "./bubblewrap.ts";
import { Cgroups } from "./cgroups.ts";
import { type DenoBinary, findDeno } from "../deno_binary.ts";
import { DENO_LANGUAGES, DenoSandbox } from "./deno_sandbox.ts";
import { Launcher, type Profile } from "./launcher.ts";
import type { NpmRegistry } from "./npm_registry.ts";
import { PackageInstaller } from "./package_installer.ts";
import { checkPermissions, type Grants, type PermissionPolicy } from "./permissions.ts";
import { RunDirectory } from "./run_directory.ts";
import type { SandboxServices } from "./sandbox_parts.ts";
import { Slots } from "./slots.ts";
import { SpareChild, spareKey, type SpareProfile } from "./spare_child.ts";
import { Workspace } from "./workspace.ts";
import { WorkspaceFiles } from "./workspace_files.ts";

/** The part of a logger that the runtime uses; LogTape's has it. */
export interface RuntimeLogger {
  info(message: string, properties?: Record<string, unknown>): void;
  warning(message: string, properties?: Record<string, unknown>): void;
}

/** Settings of {@linkcode DenoRuntime}. */
export interface DenoRuntimeSettings {
  readonly dataDir: string;
  /** Path of the Deno for children; by default the one that runs the server. */
  readonly denoPath?: string | undefined;
  /** `auto` uses bubblewrap where it works, `require` refuses to go on without it. */
  readonly bubblewrap: "auto" | "off" | "require";
  /** Spare children in all. */
  readonly spares: number;
  /** Seconds after which spares that nobody takes are ended, but for a few. */
  readonly spareIdleSeconds: number;
  readonly policy: Omit<PermissionPolicy, "confined">;
  /** The largest file read or written in one piece, in bytes. */
  readonly maxFileBytes: number;
  /** Defaults of a session. */
  readonly memoryLimitMB: number;
  readonly diskLimitMB: number;
  /** Where packages come from. */
  readonly registry?: NpmRegistry;
  readonly logger: RuntimeLogger;
}

const PIDS_LIMIT = 256;
/** Children that are started at the same time; more would only slow each other down. */
const PARALLEL_STARTS = Math.max(4, 2 * navigator.hardwareConcurrency);
const RESERVED_SPARES = 3;

/** Runs code in fresh `deno run` children, each with its session's permissions and files. */
export class DenoRuntime implements Runtime {
  readonly name = "deno";
  readonly languages = DENO_LANGUAGES;
  readonly #settings: DenoRuntimeSettings;
  readonly #sandboxes = new Set<DenoSandbox>();
  #parts: Parts | undefined;
  #unavailable = "The runtime has not been started";
  #startupMs: number | undefined;
  #disposed: Promise<void> | undefined;

  private constructor(settings: DenoRuntimeSettings) {
    this.#settings = settings;
  }

  /** Finds out what this machine can do and starts the first spares. Never throws: see `status()`. */
  static async start(settings: DenoRuntimeSettings): Promise<DenoRuntime> {
    const runtime = new DenoRuntime(settings);
    try {
      await runtime.#start();
    } catch (error) {
      runtime.#unavailable = error instanceof SandboxError ? error.message : "It cannot be started";
      settings.logger.warning("The deno runtime is unavailable: {error}", { error });
    }
    return runtime;
  }

  /** What it is and can do now. */
  // deno-lint-ignore require-await -- the contract is asynchronous, everything was found out at start
  async status(): Promise<RuntimeStatus> {
    const parts = this.#parts;
    if (parts === undefined) {
      const unknown = { isolation: [], limits: {}, details: {} };
      return { name: this.name, available: false, reason: this.#unavailable, ...unknown };
    }
    return {
      name: this.name,
      available: true,
      isolation: isolation(parts),
      startupMs: this.#startupMs,
      limits: limits(parts),
      details: {
        version: parts.binary.version,
        bubblewrap: parts.services.launcher.confined,
        cgroups: parts.services.cgroups?.version ?? false,
        spares: parts.services.spares.stats,
        sandboxes: this.#sandboxes.size,
      },
    };
  }

  /** Every language of it is Deno's own. */
  // deno-lint-ignore require-await -- the contract is asynchronous, everything was found out at start
  async support(): Promise<LanguageSupport> {
    return { ready: this.#parts !== undefined, version: this.#parts?.binary.version };
  }

  /** What is kept warm; undefined if the runtime is not available. */
  get spares(): WarmPool<SpareProfile, SpareChild>["stats"] | undefined {
    return this.#parts?.services.spares.stats;
  }

  /** Makes a sandbox; see {@linkcode Runtime}. */
  // deno-lint-ignore require-await -- throws as a rejection, as the contract says
  async createSandbox(spec: SandboxSpec): Promise<Sandbox> {
    const parts = this.#parts;
    if (parts === undefined || this.#disposed !== undefined) {
      throw new SandboxError("runtime_unavailable", this.#unavailable);
    }
    return this.#create(parts, this.#profile(parts, spec), spec.env ?? {});
  }

  /** There is never one: sandboxes end with their server. */
  // deno-lint-ignore require-await -- as the contract says
  async adopt(): Promise<undefined> {
    return undefined;
  }

  /** What crashed servers left behind is removed at the start. */
  async sweep(): Promise<void> {}

  /** Ends every child and removes every file. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    const parts = this.#parts;
    this.#parts = undefined;
    this.#unavailable = "The server is shutting down";
    await Promise.allSettled([...this.#sandboxes].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    await parts?.[Symbol.asyncDispose]();
  }

  async #start(): Promise<void> {
    if (Deno.build.os === "windows") {
      throw new SandboxError(
        "runtime_unavailable",
        "Deno sessions need Linux or macOS, run the server there or in a container",
      );
    }
    const binary = await findDeno(this.#settings.denoPath);
    if (typeof binary === "string") throw new SandboxError("runtime_unavailable", binary);
    const directory = await RunDirectory.open(
      this.#settings.dataDir,
      (id) => void Cgroups.remove(id),
    );
    await writeBootstrapFiles(join(directory.path, "bootstrap"));
    this.#parts = await this.#assemble(binary, directory);
    const spare = { profile: this.#profile(this.#parts, {}), main: "$code.ts" };
    this.#parts.services.spares.prepare(spareKey(spare), spare);
  }

  /** Tries the strongest isolation first, by running a program in it. */
  async #assemble(binary: DenoBinary, directory: RunDirectory): Promise<Parts> {
    const { bubblewrap, logger } = this.#settings;
    const tried = bubblewrap !== "off" && Deno.build.os === "linux";
    const missing = tried && !await hasBubblewrap();
    if (missing && bubblewrap === "auto") {
      logger.warning("bubblewrap is not installed: Deno's permissions alone hold the code");
    }
    const skip = !tried || (missing && bubblewrap === "auto");
    for (const confined of skip ? [false] : [true, false]) {
      // Anew for each, as one that did not work has removed its groups.
      const cgroups = Deno.build.os === "linux" ? await Cgroups.probe(directory.id) : undefined;
      const parts = await this.#build(binary, directory, cgroups, confined);
      const problem = await this.#try(parts);
      if (problem === undefined) return parts;
      await parts.close();
      logger.warning("Cannot run code {how}: {problem}", {
        how: confined ? "in bubblewrap" : "in a child process",
        problem,
      });
      if (confined && bubblewrap === "require") {
        await directory[Symbol.asyncDispose]();
        throw new SandboxError(
          "runtime_unavailable",
          "bubblewrap is required and does not work: install it and allow user namespaces",
        );
      }
    }
    await directory[Symbol.asyncDispose]();
    throw new SandboxError("runtime_unavailable", "Child processes cannot be started");
  }

  async #build(
    binary: DenoBinary,
    directory: RunDirectory,
    cgroups: Cgroups | undefined,
    confined: boolean,
  ): Promise<Parts> {
    const view = confined ? await systemView() : undefined;
    const skeleton = view === undefined
      ? { directories: ["/"], files: [], symlinks: [] }
      : skeletonOf(view);
    const slots = new Slots(directory, cgroups, skeleton);
    const bootstrap = join(directory.path, "bootstrap");
    const launcher = new Launcher({ deno: binary.path, bootstrap, view, cgroups });
    const { logger, spares, spareIdleSeconds } = this.#settings;
    const pool = new WarmPool<SpareProfile, SpareChild>({
      start: (spare) => SpareChild.start(spare, { slots, launcher }),
      capacity: spares,
      reserve: RESERVED_SPARES,
      idleMs: spareIdleSeconds * 1000,
      onFailure: (error) =>
        logger.warning("A spare child could not be started: {error}", { error }),
    });
    return new Parts(binary, directory, {
      launcher,
      slots,
      cgroups,
      spares: pool,
      starts: new Semaphore(PARALLEL_STARTS),
      onLaunchFailure: (detail) =>
        logger.warning("A child process could not be started: {detail}", { detail }),
    });
  }

  /** Runs a program; undefined if it went well, else what was wrong. */
  async #try(parts: Parts): Promise<string | undefined> {
    await using sandbox = this.#create(parts, this.#profile(parts, {}), {});
    const started = performance.now();
    let text = "";
    try {
      const outcome: RunOutcome = await sandbox.run(
        { kind: "code", code: 'console.log("ok")', language: "deno", args: [] },
        {
          output: (_, bytes) => text += new TextDecoder().decode(bytes),
          signal: AbortSignal.timeout(20_000),
        },
      );
      this.#startupMs = Math.round((performance.now() - started) * 10) / 10;
      return text === "ok\n" ? undefined : `${outcome.cause}: ${text}`;
    } catch (error) {
      return error instanceof Error ? error.message : String(error);
    }
  }

  #create(parts: Parts, profile: Profile, env: Readonly<Record<string, string>>): DenoSandbox {
    const id = crypto.randomUUID().replaceAll("-", "");
    const workspace = new Workspace(parts.directory, parts.services.slots, id);
    const sandbox = new DenoSandbox({
      id,
      profile,
      workspace,
      files: new WorkspaceFiles(workspace, {
        scratch: parts.directory,
        maxFileBytes: this.#settings.maxFileBytes,
        upwardLinks: parts.services.launcher.confined && parts.directory.descriptors,
      }),
      env,
      services: parts.services,
      installer: new PackageInstaller({
        registry: this.#settings.registry ?? {},
        profile,
        workspace,
        scratch: parts.directory,
        services: parts.services,
      }),
      onDispose: () => this.#sandboxes.delete(sandbox),
    });
    this.#sandboxes.add(sandbox);
    return sandbox;
  }

  #profile(parts: Parts, spec: Partial<SandboxSpec>): Profile {
    const confined = parts.services.launcher.confined;
    const check = checkPermissions(spec.permissions ?? {}, { ...this.#settings.policy, confined });
    const issues: Issue[] = [...foreignSettings(spec)];
    if (!check.ok) {
      issues.push(...check.issues.map((issue) => ({
        ...issue,
        path: ["permissions", ...issue.path],
      })));
    }
    if (issues.length > 0) throw new InvalidParamsError(issues);
    return {
      grants: (check as { grants: Grants }).grants,
      memoryLimitMB: spec.memoryLimitMB ?? this.#settings.memoryLimitMB,
      diskLimitMB: spec.diskLimitMB ?? this.#settings.diskLimitMB,
      pidsLimit: spec.pidsLimit ?? PIDS_LIMIT,
    };
  }
}

/** What a started runtime consists of. */
class Parts implements AsyncDisposable {
  readonly binary: DenoBinary;
  readonly directory: RunDirectory;
  readonly services: SandboxServices;

  constructor(binary: DenoBinary, directory: RunDirectory, services: SandboxServices) {
    this.binary = binary;
    this.directory = directory;
    this.services = services;
  }

  /** Ends all but the directory. */
  async close(): Promise<void> {
    await this.services.spares[Symbol.asyncDispose]();
    await this.services.slots[Symbol.asyncDispose]();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
    await this.directory[Symbol.asyncDispose]();
  }
}

/** Settings of other runtimes are refused, not dropped: nobody should believe in a limit that is not there. */
function foreignSettings(spec: Partial<SandboxSpec>): Issue[] {
  const foreign = {
    dockerImage: spec.dockerImage,
    cpus: spec.cpus,
    network: spec.network === true ? true : undefined,
  };
  const advice: Record<string, string> = {
    network: "A deno session gets the network with permissions.allowNet",
  };
  return Object.entries(foreign).filter(([, value]) => value !== undefined).map(([key]) => ({
    path: [key],
    message: advice[key] ?? `Applies to docker sessions only`,
  }));
}

function isolation({ services }: Parts): string[] {
  return [
    "deno permissions",
    "process per execution",
    ...(services.launcher.confined
      ? ["bubblewrap namespaces (mount, pid, ipc, uts, user, network)"]
      : []),
    ...(services.cgroups === undefined ? [] : [`cgroup ${services.cgroups.version}`]),
  ];
}

function limits({ services: { cgroups, launcher } }: Parts): Record<string, string> {
  return {
    time: "enforced",
    output: "enforced",
    memory: cgroups !== undefined
      ? `enforced (V8 heap, cgroup ${cgroups.version})`
      : Deno.build.os === "linux"
      ? "best effort (V8 heap, RLIMIT_DATA)"
      : "best effort (V8 heap)",
    processes: cgroups !== undefined ? `enforced (cgroup ${cgroups.version})` : "unavailable",
    fileSize: "enforced (RLIMIT_FSIZE)",
    cpu: "unavailable",
    network: launcher.confined
      ? "enforced (deno permissions, network namespace)"
      : "enforced (deno permissions)",
  };
}
