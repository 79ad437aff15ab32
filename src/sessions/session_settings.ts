import { InvalidParamsError, type Issue } from "../errors.ts";
import type { SessionConfig, SessionCreate } from "../protocol/session.ts";
import type { SessionLimits } from "./session_limits.ts";

/** Fills in defaults and checks what a client asks against the server's ceilings. */
export function sessionConfig(params: SessionCreate, limits: SessionLimits): SessionConfig {
  const idleTimeoutMinutes = params.idleTimeoutMinutes ?? limits.idleTimeoutMinutes;
  const maxLifetimeMinutes = params.maxLifetimeMinutes ?? limits.maxLifetimeMinutes;
  const memoryLimitMB = params.memoryLimitMB ?? limits.memoryLimitMB;
  const issues: Issue[] = [
    ...deadlineIssues({ idleTimeoutMinutes, maxLifetimeMinutes }, limits),
    ...above("memoryLimitMB", memoryLimitMB, limits.memoryCeilingMB),
    ...above("pidsLimit", params.pidsLimit, limits.pidsCeiling),
    ...above("diskLimitMB", params.diskLimitMB, limits.diskLimitMB),
  ];
  if (issues.length > 0) throw new InvalidParamsError(issues);
  const { cpuShares, cpus, pidsLimit, diskLimitMB, network, dockerImage, permissions } = params;
  return {
    idleTimeoutMinutes,
    maxLifetimeMinutes,
    memoryLimitMB,
    ...(cpuShares !== undefined && { cpuShares }),
    ...(cpus !== undefined && { cpus }),
    ...(pidsLimit !== undefined && { pidsLimit }),
    ...(diskLimitMB !== undefined && { diskLimitMB }),
    ...(network !== undefined && { network }),
    ...(dockerImage !== undefined && { dockerImage }),
    ...(permissions !== undefined && { permissions }),
  };
}

/** Checks deadlines against the server's ceilings. */
export function deadlineIssues(
  deadlines: { idleTimeoutMinutes: number; maxLifetimeMinutes: number },
  limits: SessionLimits,
): Issue[] {
  const { idleTimeoutMinutes, maxLifetimeMinutes } = deadlines;
  return [
    ...above("idleTimeoutMinutes", idleTimeoutMinutes, limits.idleTimeoutCeilingMinutes),
    ...above("maxLifetimeMinutes", maxLifetimeMinutes, limits.lifetimeCeilingMinutes),
  ];
}

/** The time a command may take. Throws `InvalidParamsError` if a client asks for more than it may. */
export function commandTimeout(
  asked: number | undefined,
  fallback: number,
  { maxTimeoutMs }: Pick<SessionLimits, "maxTimeoutMs">,
): number {
  const issues = above("timeoutMs", asked, maxTimeoutMs);
  if (issues.length > 0) throw new InvalidParamsError(issues);
  return asked ?? fallback;
}

function above(key: string, value: number | undefined, ceiling: number): Issue[] {
  if (value === undefined || value <= ceiling) return [];
  return [{
    path: [key],
    message: `Expected at most ${ceiling}, the server's limit, got ${value}`,
  }];
}
