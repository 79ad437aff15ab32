import { coversHost, parseHostPattern } from "./host_pattern.ts";
import { type Grants, isGranted } from "./permissions.ts";
import { workspacePath, workspaceSegments } from "../workspace_path.ts";

const KINDS: Readonly<Record<string, "read" | "write" | "net" | "env" | "run">> = {
  "--allow-read": "read",
  "-R": "read",
  "--allow-write": "write",
  "-W": "write",
  "--allow-net": "net",
  "-N": "net",
  "--allow-env": "env",
  "-E": "env",
  "--allow-run": "run",
};

/**
 * Whether a permission flag of a command line names only what the session was granted: without a list,
 * a kind of which it was granted something; with a list, nothing beyond. The session's own permissions
 * hold in either case, so such a flag can be left out.
 */
export function isGrantedFlag(flag: string, grants: Grants): boolean {
  const equals = flag.indexOf("=");
  const kind = KINDS[equals === -1 ? flag : flag.slice(0, equals)];
  if (kind === undefined) return false;
  const grant = grants[kind];
  if (equals === -1 || grant === true) return isGranted(grant);
  return flag.slice(equals + 1).split(",").every((entry) => covers(kind, grant, entry));
}

function covers(kind: string, grant: readonly string[], entry: string): boolean {
  if (kind === "read" || kind === "write") {
    const segments = workspaceSegments(entry);
    if (segments === undefined) return false;
    const path = workspacePath(segments);
    return grant.some((granted) => path === granted || path.startsWith(`${granted}/`));
  }
  if (kind !== "net") return grant.includes(entry);
  const wanted = parseHostPattern(entry);
  return typeof wanted !== "string" && grant.some((granted) => {
    const pattern = parseHostPattern(granted);
    return typeof pattern !== "string" && coversHost(pattern, wanted);
  });
}
