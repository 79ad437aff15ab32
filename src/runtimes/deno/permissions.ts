import type { Issue } from "../../errors.ts";
import { WORKSPACE } from "../../protocol/commands.ts";
import type { Permissions } from "../../protocol/permissions.ts";
import {
  coversHost,
  formatHostPattern,
  type HostPattern,
  parseHostPattern,
} from "./host_pattern.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";

/** What the operator lets sessions ask for. */
export interface PermissionPolicy {
  /** Hosts that may be granted: all, none, or a list. */
  readonly allowNet: boolean | readonly string[];
  /** Addresses and networks that are refused to every session, granted or not. */
  readonly denyNet: readonly string[];
  /** Environment variables that may be granted. */
  readonly allowEnv: boolean | readonly string[];
  /** Whether sessions may start programs. */
  readonly allowRun: boolean;
  /** Whether programs would run inside an outer sandbox; without one `allowRun` is never granted. */
  readonly confined: boolean;
}

/** What a session was granted, every value checked. `true` stands for all there is. */
export interface Grants {
  /** Absolute paths as the code sees them. */
  readonly read: readonly string[];
  /** Absolute paths as the code sees them. */
  readonly write: readonly string[];
  /** Hosts, or all but the denied ones. */
  readonly net: true | readonly string[];
  /** Addresses refused even with `net: true`. */
  readonly denyNet: readonly string[];
  /** Variables. */
  readonly env: true | readonly string[];
  /** Programs. */
  readonly run: true | readonly string[];
}

/** The outcome of {@linkcode checkPermissions}. */
export type PermissionCheck = { ok: true; grants: Grants } | { ok: false; issues: Issue[] };

const ENV_NAME_REGEXP = /^[A-Za-z_][A-Za-z0-9_]*$/;
const PROGRAM_REGEXP = /^[A-Za-z0-9._+/][A-Za-z0-9._+/-]*$/;
// A comma separates entries of a flag, the rest would be read as a pattern by people but not by Deno.
const UNSAFE_PATH_REGEXP = /[,*?\p{Cc}]/u;

/**
 * Checks what a client asks against the operator's policy. Nothing is narrowed silently: what cannot be
 * granted is an issue whose path starts at the permission's key.
 */
export function checkPermissions(
  permissions: Permissions,
  policy: PermissionPolicy,
): PermissionCheck {
  const issues: Issue[] = [];
  const grants: Grants = {
    read: checkPaths("allowRead", permissions.allowRead ?? true, issues),
    write: checkPaths("allowWrite", permissions.allowWrite ?? true, issues),
    net: checkNet(permissions.allowNet ?? false, policy, issues),
    denyNet: policy.denyNet,
    env: checkEnv(permissions.allowEnv ?? false, policy, issues),
    run: checkRun(permissions.allowRun ?? false, policy, issues),
  };
  if (issues.length === 0 && isGranted(grants.run)) checkRunAlone(grants, issues);
  return issues.length === 0 ? { ok: true, grants } : { ok: false, issues };
}

/** Whether a grant grants anything. */
export function isGranted(grant: true | readonly string[]): boolean {
  return grant === true || grant.length > 0;
}

/** Options of {@linkcode permissionFlags}. */
export interface PermissionFlagOptions {
  /** Where the workspace is in the child's own file system. @default {"/workspace"} */
  readonly root?: string;
  /** Whether packages are those in the workspace, for which no connection is made. @default {false} */
  readonly packages?: boolean | undefined;
}

/**
 * Turns grants into the flags of `deno run` and `deno test`. Imports from other hosts follow the
 * network: Deno by itself lets code import from several hosts without any net permission.
 */
export function permissionFlags(grants: Grants, options: PermissionFlagOptions = {}): string[] {
  const { root = WORKSPACE, packages = false } = options;
  const rooted = (paths: readonly string[]) =>
    paths.map((path) => root + path.slice(WORKSPACE.length));
  return [
    ...listFlag("--allow-read", rooted(grants.read)),
    ...listFlag("--allow-write", rooted(grants.write)),
    ...listFlag("--allow-net", grants.net),
    ...(isGranted(grants.net) ? listFlag("--deny-net", grants.denyNet) : []),
    ...listFlag("--allow-env", grants.env),
    ...listFlag("--allow-run", grants.run),
    ...importFlags(grants.net).filter((flag) => !(packages && flag === "--no-npm")),
  ];
}

function importFlags(net: Grants["net"]): string[] {
  if (net === true) return ["--allow-import"];
  // Packages come over Deno's own connections, which no permission checks: only an unlimited net grant
  // includes them.
  if (net.length === 0) return ["--deny-import", "--no-remote", "--no-npm"];
  return [...listFlag("--allow-import", net), "--no-npm"];
}

function listFlag(flag: string, grant: true | readonly string[]): string[] {
  if (grant === true) return [flag];
  return grant.length === 0 ? [] : [`${flag}=${grant.join(",")}`];
}

function checkPaths(key: string, value: boolean | string[], issues: Issue[]): string[] {
  if (typeof value === "boolean") return value ? [WORKSPACE] : [];
  return value.flatMap((path, index) => {
    const problem = pathProblem(path);
    if (problem === undefined) return [workspacePath(workspaceSegments(path) ?? [])];
    issues.push({ path: [key, index], message: problem });
    return [];
  });
}

function pathProblem(path: string): string | undefined {
  if (UNSAFE_PATH_REGEXP.test(path)) {
    return `Path ${
      quote(path)
    } has a comma, a wildcard or a control character, expected a plain path`;
  }
  if (workspaceSegments(path) === undefined) {
    return `Path ${quote(path)} is outside ${WORKSPACE}, expected a path inside it`;
  }
  return undefined;
}

function checkNet(
  value: boolean | string[],
  { allowNet }: PermissionPolicy,
  issues: Issue[],
): true | string[] {
  if (value === false || (Array.isArray(value) && value.length === 0)) return [];
  if (allowNet === false || (Array.isArray(allowNet) && allowNet.length === 0)) {
    issues.push({ path: ["allowNet"], message: "The server's policy grants no network access" });
    return [];
  }
  const allowed = allowNet === true ? undefined : (allowNet as readonly string[]);
  if (value === true) {
    if (allowed === undefined) return true;
    issues.push({
      path: ["allowNet"],
      message: `The server's policy grants only the hosts ${
        allowed.join(", ")
      }, name those you need`,
    });
    return [];
  }
  const patterns = allowed?.map(parseHostPattern).filter((entry) => typeof entry !== "string");
  return value.flatMap((host, index) => {
    const pattern = checkHost(host, patterns);
    if (typeof pattern !== "string") return [formatHostPattern(pattern)];
    issues.push({ path: ["allowNet", index], message: pattern });
    return [];
  });
}

function checkHost(text: string, allowed: HostPattern[] | undefined): HostPattern | string {
  const pattern = parseHostPattern(text);
  if (typeof pattern === "string") return `Host ${quote(text)} is not valid. ${pattern}`;
  if (allowed !== undefined && !allowed.some((entry) => coversHost(entry, pattern))) {
    return `The server's policy does not grant the host ${quote(text)}, it grants ${
      allowed.map(formatHostPattern).join(", ")
    }`;
  }
  return pattern;
}

function checkEnv(
  value: boolean | string[],
  { allowEnv }: PermissionPolicy,
  issues: Issue[],
): true | string[] {
  if (value === false || (Array.isArray(value) && value.length === 0)) return [];
  const allowed = allowEnv === true ? undefined : allowEnv === false ? [] : allowEnv;
  if (value === true) {
    if (allowed === undefined) return true;
    issues.push({ path: ["allowEnv"], message: envPolicy(allowed) });
    return [];
  }
  return value.filter((name, index) => {
    const problem = !ENV_NAME_REGEXP.test(name)
      ? `Variable ${quote(name)} is not valid, expected letters, digits and _`
      : allowed !== undefined && !allowed.includes(name)
      ? envPolicy(allowed)
      : undefined;
    if (problem !== undefined) issues.push({ path: ["allowEnv", index], message: problem });
    return problem === undefined;
  });
}

function envPolicy(allowed: readonly string[]): string {
  return allowed.length === 0
    ? "The server's policy grants no environment variables"
    : `The server's policy grants only the environment variables ${allowed.join(", ")}`;
}

function checkRun(
  value: boolean | string[],
  { allowRun, confined }: PermissionPolicy,
  issues: Issue[],
): true | string[] {
  if (value === false || (Array.isArray(value) && value.length === 0)) return [];
  if (!allowRun || !confined) {
    issues.push({ path: ["allowRun"], message: allowRun ? NEEDS_SANDBOX : NEEDS_POLICY });
    return [];
  }
  if (value === true) return true;
  return value.filter((program, index) => {
    const valid = PROGRAM_REGEXP.test(program);
    if (!valid) {
      issues.push({
        path: ["allowRun", index],
        message: `Program ${quote(program)} is not valid, expected a name or a path`,
      });
    }
    return valid;
  });
}

/** Why programs are refused by policy, and how to get there. */
export const NEEDS_POLICY =
  "The server's policy does not let sessions start programs, the operator can allow it with --deno-allow-run";
/** Why programs are refused on this machine, and how to get there. */
export const NEEDS_SANDBOX =
  "Starting programs needs an outer sandbox, and bubblewrap does not work on this server: install it, or use a docker session";

/** A program that is started is bound by the outer sandbox only, so finer grants would be a false promise. */
function checkRunAlone(grants: Grants, issues: Issue[]): void {
  if (isGranted(grants.net)) {
    issues.push({
      path: ["allowNet"],
      message:
        "Cannot be granted together with allowRun: programs are not bound by Deno's net rules",
    });
  }
  for (const [key, paths] of [["allowRead", grants.read], ["allowWrite", grants.write]] as const) {
    const whole = paths.length === 1 && paths[0] === WORKSPACE;
    if (whole || (key === "allowWrite" && paths.length === 0)) continue;
    issues.push({
      path: [key],
      message: `Cannot be narrowed together with allowRun: programs see all of ${WORKSPACE}`,
    });
  }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text);
}
