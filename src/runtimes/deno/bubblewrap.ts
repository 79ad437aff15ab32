import { WORKSPACE } from "../../protocol/commands.ts";
import type { Skeleton } from "./slots.ts";

/** Paths inside the sandbox of what the server puts there. */
export const INSIDE = {
  deno: "/opt/codebeaker/deno",
  bootstrap: "/opt/codebeaker/bootstrap",
  home: "/tmp",
} as const;

/** What the sandbox shows of the machine, found once at start. */
export interface SystemView {
  /** Directories bound read-only at the same path, such as `/usr`. */
  readonly directories: readonly string[];
  /** Top-level symlinks made again inside, such as `/lib` to `usr/lib`. */
  readonly symlinks: readonly { readonly path: string; readonly target: string }[];
}

/** Options of {@linkcode bubblewrap}. */
export interface BubblewrapOptions {
  readonly view: SystemView;
  /** Host path of the Deno that runs inside. */
  readonly deno: string;
  /** Host path of the bootstrap directory. */
  readonly bootstrap: string;
  /**
   * `root`: a host directory that becomes `/`, in which the workspace appears when a session takes the
   * sandbox. `workspace`: a host directory bound at `/workspace` at once.
   */
  readonly place:
    | { readonly kind: "root"; readonly path: string }
    | { readonly kind: "workspace"; readonly path: string; readonly writable: boolean };
  /** Whether the network of the host is shared. */
  readonly network: boolean;
  /** Whether programs besides Deno can be found. */
  readonly programs: boolean;
  /** Where the program starts. */
  readonly directory: string;
  /** Environment besides the one it is started with. */
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Files of the host bound read-only besides, by their path inside. */
  readonly files?: Readonly<Record<string, string>> | undefined;
  /** Symlinks inside, by their path. */
  readonly links?: Readonly<Record<string, string>> | undefined;
  /** Size of `/tmp`, in bytes. */
  readonly tmpBytes: number;
}

const NETWORK_FILES = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf", "/etc/ssl"];

/** Composes the options of `bwrap` for namespaces of their own that show only what is needed. */
export function bubblewrapOptions(options: BubblewrapOptions): string[] {
  const { place, network } = options;
  return [
    ...["--unshare-user", "--unshare-ipc", "--unshare-pid", "--unshare-uts"],
    "--unshare-cgroup-try",
    ...(network ? [] : ["--unshare-net"]),
    ...["--uid", "1000", "--gid", "1000", "--hostname", "sandbox", "--cap-drop", "ALL"],
    ...["--die-with-parent", "--new-session"],
    ...(place.kind === "root" ? ["--bind", place.path, "/"] : []),
    ...viewArgs(options),
    ...["--proc", "/proc", "--dev", "/dev"],
    ...["--size", String(options.tmpBytes), "--tmpfs", "/tmp"],
    ...["--ro-bind", options.deno, INSIDE.deno, "--ro-bind", options.bootstrap, INSIDE.bootstrap],
    ...(place.kind === "workspace"
      ? [place.writable ? "--bind" : "--ro-bind", place.path, WORKSPACE]
      : []),
    ...Object.entries(options.files ?? {}).flatMap(([path, host]) => ["--ro-bind-try", host, path]),
    ...Object.entries(options.links ?? {}).flatMap(([path, to]) => ["--symlink", to, path]),
    ...Object.entries(options.env ?? {}).flatMap(([name, value]) => ["--setenv", name, value]),
    ...["--chdir", options.directory],
  ];
}

function viewArgs({ view, place, network, programs }: BubblewrapOptions): string[] {
  return [
    ...view.directories.flatMap((path) => ["--ro-bind", path, path]),
    // A `root` place has them already.
    ...(place.kind === "root"
      ? []
      : view.symlinks.flatMap(({ path, target }) => ["--symlink", target, path])),
    ...(network ? NETWORK_FILES.flatMap((path) => ["--ro-bind-try", path, path]) : []),
    ...(programs ? ["--ro-bind-try", "/etc/alternatives", "/etc/alternatives"] : []),
  ];
}

const TOP_LEVEL = ["/lib", "/lib32", "/lib64", "/libx32", "/bin", "/sbin"];

/** Finds what a program needs to be loaded: `/usr` and what the top level has of it. */
export async function systemView(): Promise<SystemView> {
  const directories = ["/usr"];
  const symlinks: { path: string; target: string }[] = [];
  for (const path of [...TOP_LEVEL, "/nix/store", "/gnu/store"]) {
    const info = await Deno.lstat(path).catch(() => undefined);
    if (info?.isSymlink) symlinks.push({ path, target: await Deno.readLink(path) });
    else if (info?.isDirectory) directories.push(path);
  }
  return { directories, symlinks };
}

/** What must exist in a `root` place before bubblewrap mounts over it. */
export function skeletonOf(view: SystemView): Skeleton {
  const { directories, symlinks } = view;
  return {
    directories: [...directories, "/proc", "/dev", "/tmp", INSIDE.bootstrap, "/etc/ssl"],
    files: [INSIDE.deno, ...NETWORK_FILES.filter((path) => path !== "/etc/ssl")],
    symlinks,
  };
}

/** Whether there is a bubblewrap to try. */
export async function hasBubblewrap(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("bwrap", {
      args: ["--version"],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch {
    // Not installed, or not for us.
    return false;
  }
}
