import { join, toFileUrl } from "@std/path";
import { WORKSPACE } from "../../protocol/commands.ts";
import { bubblewrapOptions, INSIDE, type SystemView } from "./bubblewrap.ts";
import type { Cgroups } from "./cgroups.ts";
import { ARGS_FD, type CommandLine, limited, MARK_VARIABLE } from "./command_line.ts";
import type { NpmRegistry } from "./npm_registry.ts";
import { type Grants, isGranted, permissionFlags } from "./permissions.ts";
import type { Slot } from "./slots.ts";

/** What all children of one kind of session share; equal profiles may use each other's spares. */
export interface Profile {
  readonly grants: Grants;
  /** Memory of the code, in MiB. */
  readonly memoryLimitMB: number;
  /** Size of one written file, in MiB. */
  readonly diskLimitMB: number;
  /** Processes and threads at the same time. */
  readonly pidsLimit: number;
  /** Whether packages are those of the workspace's `node_modules`, and no others. @default {false} */
  readonly packages?: true | undefined;
}

/** Where a child finds the workspace. */
export type Place =
  /** It will be moved into the slot's root. */
  | { readonly kind: "slot" }
  /** It is this directory, and stays so while the child lives. */
  | { readonly kind: "workspace"; readonly path: string };

/** What is to be started. */
export interface Launch {
  readonly profile: Profile;
  readonly slot: Slot;
  readonly place: Place;
  /** Where it starts, as the code sees it; a child in a slot starts at `/`. */
  readonly directory: string;
  /** Environment of the program besides the one that all have; checked, see {@linkcode checkProgramEnv}. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Files of this machine that it can read besides, by their path inside. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Symlinks that it sees, by their path. */
  readonly links?: Readonly<Record<string, string>> | undefined;
}

/** Settings of {@linkcode Launcher}. */
export interface LauncherSettings {
  /** Path of the `deno` that runs the code. */
  readonly deno: string;
  /** Directory of the bootstrap files. */
  readonly bootstrap: string;
  /** What a bubblewrap sandbox shows; undefined runs children without one. */
  readonly view: SystemView | undefined;
  readonly cgroups: Cgroups | undefined;
}

const MIB = 1024 * 1024;
/** What Deno itself needs besides the code's memory. */
const RUNTIME_MEMORY_MB = 64;
/** What Deno reserves of private memory without using it. */
const RUNTIME_DATA_MB = 640;
const OPEN_FILES = 4096;
/** Where an installer finds the certificates of the operator's choice. */
const CERTIFICATES = "/opt/codebeaker/certificates.pem";

/** Composes command lines: Deno with its flags, in a sandbox, under limits. */
export class Launcher {
  readonly #settings: LauncherSettings;

  /** Composes for one machine's abilities. */
  constructor(settings: LauncherSettings) {
    this.#settings = settings;
  }

  /** Whether children have namespaces of their own. */
  get confined(): boolean {
    return this.#settings.view !== undefined;
  }

  /** Where the child sees the workspace in its own file system. */
  workspaceRoot({ slot, place }: Pick<Launch, "slot" | "place">): string {
    if (this.confined) return WORKSPACE;
    return place.kind === "slot" ? join(slot.root, "workspace") : place.path;
  }

  /** A child that runs code: `main` is the name in the workspace under which the code will appear. */
  code(launch: Launch, main: string): CommandLine {
    const root = this.workspaceRoot(launch);
    const command = {
      command: this.#denoPath,
      args: [
        "run",
        ...this.#flags(launch.profile, root),
        ...["--no-check", "--no-code-cache"],
        ...permissionFlags(launch.profile.grants, { root, packages: launch.profile.packages }),
        ...this.#preloads(root, ["bootstrap.js"]),
        toFileUrl(join(root, main)).href,
      ],
    };
    return this.#limited(launch, {
      command: "bwrap",
      args: [...this.#confinement(launch), "--", command.command, ...command.args],
    }, command);
  }

  /**
   * A child that runs a module of the server's, which waits for its start as code does. The permissions that it
   * has besides are for it to give up before it runs code: to ask the system, which includes to inspect itself,
   * and where nobody else is on the same network also the way to its own inspector.
   */
  kernel(launch: Launch, module: string): CommandLine {
    const root = this.workspaceRoot(launch);
    // A cell's packages are looked for beside its file too, which is the directory; see kernelImports.
    const links = launch.profile.packages ? { "/node_modules": `${WORKSPACE}/node_modules` } : {};
    const command = {
      command: this.#denoPath,
      args: [
        "run",
        ...this.#flags(launch.profile, root, kernelImports(root, this.#bootstrapUrl)),
        ...["--no-check", "--no-code-cache"],
        ...permissionFlags(launch.profile.grants, { root, packages: launch.profile.packages }),
        // Of a part of it that is the inspector there is none.
        "--allow-sys",
        ...(this.#hasOwnNetwork(launch.profile) ? ["--allow-net=127.0.0.1"] : []),
        ...this.#preloads(root, ["bootstrap.js"]),
        module,
      ],
    };
    return this.#limited(launch, {
      command: "bwrap",
      args: [...this.#confinement({ ...launch, links }), "--", command.command, ...command.args],
    }, command);
  }

  /** What a kernel is told; see `kernels/deno/main.ts`. */
  kernelArgs({ profile, ...launch }: Launch): string[] {
    return [
      "give-up",
      ...(this.#hasOwnNetwork(profile) ? ["inspect"] : []),
      ...(this.confined ? [] : [`root=${this.workspaceRoot(launch)}`]),
    ];
  }

  /** A child that runs a subcommand of Deno, such as `test`; `args` are complete but for the session's flags. */
  subcommand(launch: Launch, [name = "", ...args]: readonly string[]): Promise<CommandLine> {
    const root = this.workspaceRoot(launch);
    const runs = name === "run" || name === "test";
    return this.#hidden(launch, {
      command: this.#denoPath,
      args: [
        name,
        ...(runs ? this.#flags(launch.profile, root) : ["--no-config", "--quiet"]),
        ...(name === "test" && !this.confined ? ["--no-check"] : []),
        ...(runs
          ? permissionFlags(launch.profile.grants, { root, packages: launch.profile.packages })
          : []),
        ...(name === "check" ? this.#checkFlags(launch.profile, root) : []),
        ...(runs ? this.#preloads(root, []) : []),
        ...(this.confined ? args : args.map((arg) => realPath(arg, root))),
      ],
    });
  }

  /** A child that is another program; only where it is confined. */
  program(launch: Launch, command: CommandLine): Promise<CommandLine> {
    return this.#hidden(launch, command);
  }

  /**
   * A child that installs what the `package.json` in its workspace wants. Scripts of packages never run: Deno
   * runs those only that it is told to.
   */
  installer(launch: Launch, { url, certificates }: NpmRegistry): Promise<CommandLine> {
    const env = {
      ...(url !== undefined && { NPM_CONFIG_REGISTRY: url }),
      DENO_DIR: join(WORKSPACE, ".deno"),
      DENO_TLS_CA_STORE: "mozilla,system",
      ...(certificates !== undefined && { DENO_CERT: CERTIFICATES }),
    };
    const files = certificates === undefined ? {} : { [CERTIFICATES]: certificates };
    return this.#hidden({ ...launch, env, files }, {
      command: this.#denoPath,
      args: ["install", "--node-modules-linker=hoisted"],
    });
  }

  #hasOwnNetwork({ grants }: Profile): boolean {
    return this.confined && !isGranted(grants.net);
  }

  get #bootstrapUrl(): string {
    return `${toFileUrl(this.confined ? INSIDE.bootstrap : this.#settings.bootstrap).href}/`;
  }

  get #denoPath(): string {
    return this.confined ? INSIDE.deno : this.#settings.deno;
  }

  #flags({ memoryLimitMB, packages }: Profile, root: string, scopes?: ImportScopes): string[] {
    return [
      ...["--quiet", "--no-prompt", "--no-config", "--no-lock"],
      `--v8-flags=--max-old-space-size=${memoryLimitMB}`,
      ...(packages ? ["--node-modules-dir=manual"] : []),
      ...this.#importMap(root, scopes),
    ];
  }

  #checkFlags({ grants, packages }: Profile, root: string): string[] {
    const offline = grants.net === true ? [] : ["--no-remote", ...(packages ? [] : ["--no-npm"])];
    const modules = packages ? ["--node-modules-dir=manual"] : [];
    return ["--no-lock", ...offline, ...modules, ...this.#importMap(root)];
  }

  /**
   * Deno loads what a module imports statically without any permission. Where no file system of its own
   * hides the machine from the child, an import map leads every other file to nowhere.
   */
  #importMap(root: string, scopes?: ImportScopes): string[] {
    if (this.confined) return scopes === undefined ? [] : [importMapFlag({ scopes })];
    const workspace = `${toFileUrl(root).href}/`;
    const bootstrap = this.#bootstrapUrl;
    const imports = {
      "file:///": "file:///dev/null/",
      [bootstrap]: bootstrap,
      [`file://${WORKSPACE}/`]: workspace,
      [workspace]: workspace,
    };
    return [importMapFlag({ imports, ...(scopes && { scopes }) })];
  }

  #preloads(root: string, files: readonly string[]): string[] {
    if (this.confined) return files.map((file) => `--preload=${join(INSIDE.bootstrap, file)}`);
    const base = toFileUrl(this.#settings.bootstrap).href;
    const paths = `--preload=${base}/workspace_paths.js?root=${encodeURIComponent(root)}`;
    return [paths, ...files.map((file) => `--preload=${base}/${file}`)];
  }

  /**
   * Composes a command whose environment and confinement reach bubblewrap through a file: a command line
   * can be read by every user of the machine, and by programs inside the sandbox.
   */
  async #hidden(launch: Launch, command: CommandLine): Promise<CommandLine> {
    if (!this.confined) return this.#limited(launch, command, command);
    const file = join(launch.slot.root, "..", "args");
    const args = this.#confinement(launch).map((arg) => `${arg}\0`).join("");
    await Deno.writeTextFile(file, args, { mode: 0o600 });
    return this.#limited(
      launch,
      {
        command: "bwrap",
        args: ["--args", String(ARGS_FD), "--", command.command, ...command.args],
      },
      command,
      file,
    );
  }

  #confinement({ profile, slot, place, directory, env, files, links }: Launch): string[] {
    const { view, deno, bootstrap } = this.#settings;
    if (view === undefined) return [];
    return bubblewrapOptions({
      view,
      deno,
      bootstrap,
      place: place.kind === "slot"
        ? { kind: "root", path: slot.root }
        : { ...place, writable: isGranted(profile.grants.write) },
      network: isGranted(profile.grants.net),
      programs: isGranted(profile.grants.run),
      directory: place.kind === "slot" ? "/" : directory,
      env,
      files,
      links,
      tmpBytes: 256 * MIB,
    });
  }

  /** Puts limits around the confined command, or around the plain one where nothing confines. */
  #limited(
    launch: Launch,
    confined: CommandLine,
    plain: CommandLine,
    argsFile?: string,
  ): CommandLine {
    const { cgroups } = this.#settings;
    const { profile, slot } = launch;
    const limits = {
      openFiles: OPEN_FILES,
      fileBytes: profile.diskLimitMB * MIB,
      dataBytes: cgroups === undefined && Deno.build.os === "linux"
        ? (profile.memoryLimitMB + RUNTIME_DATA_MB) * MIB
        : undefined,
      settings: cgroups?.enter(slot.name, {
        memoryBytes: (profile.memoryLimitMB + RUNTIME_MEMORY_MB) * MIB,
        pids: profile.pidsLimit,
      }),
      argsFile,
    };
    const env = { ...this.#baseEnv(slot), ...(this.confined ? {} : launch.env) };
    const cwd = this.confined ? "/" : this.#realDirectory(launch);
    const command = limited(this.confined ? confined : plain, limits);
    return { ...command, env, cwd, mark: slot.mark, confined: this.confined };
  }

  /** Where a child starts that has no file system of its own. */
  #realDirectory(launch: Launch): string {
    if (launch.place.kind === "slot") return launch.slot.root;
    return this.workspaceRoot(launch) + launch.directory.slice(WORKSPACE.length);
  }

  #baseEnv(slot: Slot): Record<string, string> {
    const home = this.confined ? INSIDE.home : slot.root;
    return {
      ...{ PATH: "/usr/local/bin:/usr/bin:/bin", HOME: home, TMPDIR: home },
      ...{ LANG: "C.UTF-8", NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1" },
      DENO_DIR: join(home, ".deno"),
      [MARK_VARIABLE]: slot.mark,
    };
  }
}

type ImportScopes = Readonly<Record<string, Readonly<Record<string, string>>>>;

function importMapFlag(map: { imports?: Record<string, string>; scopes?: ImportScopes }): string {
  return `--import-map=data:application/json,${encodeURIComponent(JSON.stringify(map))}`;
}

/** What a cell imports by a relative path is beside it; the inspector takes the directory for its file. */
function kernelImports(root: string, bootstrap: string): ImportScopes {
  const directory = toFileUrl(root).href;
  const parent = new URL(".", directory).href;
  const workspace = `${directory}/`;
  return {
    [directory]: { [workspace]: workspace, [bootstrap]: bootstrap, [parent]: workspace },
  };
}

/** A path of the workspace as a path of this machine; other arguments as they are. */
function realPath(arg: string, root: string): string {
  return arg === WORKSPACE || arg.startsWith(`${WORKSPACE}/`)
    ? root + arg.slice(WORKSPACE.length)
    : arg;
}
