import { AGENT_LABEL } from "./agent_volume.ts";
import { SERVER_LABEL } from "./container_spec.ts";
import { containerList } from "./engine/container_list.ts";
import { containerRemove } from "./engine/container_remove.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { volumeList } from "./engine/volume_list.ts";
import { volumeRemove } from "./engine/volume_remove.ts";

/** What {@linkcode sweep} spares. */
export interface SweepOptions {
  readonly serverId: string;
  /** Whether a container is somebody's; asked with its id and its name. */
  readonly isOwned: (id: string, name: string) => boolean;
  /** The volume with the agent in use. */
  readonly agentVolume: string | undefined;
  readonly signal?: AbortSignal | undefined;
}

const DAY_MS = 24 * 3600 * 1000;
/** Volumes of other versions are left that long: their servers may only be stopped. */
const AGENT_VOLUME_MS = 7 * DAY_MS;

/**
 * Removes every container and volume with the server's label that nobody owns, and agents of old versions.
 *
 * @returns how many containers were removed
 */
export async function sweep(engine: EngineClient, options: SweepOptions): Promise<number> {
  const { serverId, isOwned, signal } = options;
  const filters = { label: [`${SERVER_LABEL}=${serverId}`] };
  const containers = await containerList(engine, { all: true, filters, signal });
  const orphans = containers.filter(({ Id, Names }) =>
    !isOwned(Id, Names[0]?.replace(/^\//, "") ?? "")
  );
  for (const { Id } of orphans) {
    await containerRemove(engine, Id, { force: true, volumes: true, signal });
  }
  for (const { Name } of await volumeList(engine, { filters, signal })) {
    await removeUnused(engine, Name, signal);
  }
  await removeOldAgents(engine, options);
  return orphans.length;
}

async function removeOldAgents(
  engine: EngineClient,
  { agentVolume, signal }: SweepOptions,
): Promise<void> {
  const filters = { label: [AGENT_LABEL], dangling: ["true"] };
  for (const { Name, CreatedAt } of await volumeList(engine, { filters, signal })) {
    const age = Date.now() - Date.parse(CreatedAt ?? "");
    if (Name === agentVolume || !(age > AGENT_VOLUME_MS)) continue;
    await removeUnused(engine, Name, signal);
  }
}

/** The engine refuses to remove a volume that a container has. */
async function removeUnused(
  engine: EngineClient,
  name: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    await volumeRemove(engine, name, { signal });
  } catch (error) {
    if (!isEngineError(error, "conflict") && !isEngineError(error, "not_found")) throw error;
  }
}
