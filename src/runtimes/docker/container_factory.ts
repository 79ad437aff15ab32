import { SandboxError } from "../../errors.ts";
import type { Semaphore } from "../semaphore.ts";
import type { AgentVolume } from "./agent_volume.ts";
import { Container, type ContainerHost } from "./container.ts";
import {
  type ContainerLimits,
  containerSpec,
  type ContainerSpecOptions,
  SANDBOX_HOME,
  SANDBOX_UID,
  WRITABLE_DIRECTORIES,
} from "./container_spec.ts";
import type { DockerSettings } from "./docker_settings.ts";
import { archivePut } from "./engine/archive_put.ts";
import { containerCreate } from "./engine/container_create.ts";
import { containerRemove } from "./engine/container_remove.ts";
import { containerStart } from "./engine/container_start.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { EngineError } from "./engine/engine_error.ts";
import { writeTar } from "../tar/tar_writer.ts";
import type { ImageFacts } from "./images.ts";

/** What a {@linkcode ContainerFactory} works with. */
export interface ContainerFactoryOptions {
  readonly engine: EngineClient;
  readonly settings: DockerSettings;
  readonly host: ContainerHost;
  /** Undefined where the agent is turned off. */
  readonly agent: AgentVolume | undefined;
  /** Bounds how many containers are started at the same time. */
  readonly starts: Semaphore;
}

/** A container to make. */
export interface ContainerOrder {
  readonly image: ImageFacts;
  readonly network: boolean;
  readonly limits: ContainerLimits;
  readonly diskLimitMB: number;
  readonly signal?: AbortSignal | undefined;
}

const OWNER = { uid: SANDBOX_UID, gid: SANDBOX_UID, mode: 0o755 } as const;

/** Makes containers that run and are connected. What it makes and cannot finish it removes. */
export class ContainerFactory {
  readonly #options: ContainerFactoryOptions;
  /** Names of all that it is making, by which they are told from what nobody owns. */
  readonly #making = new Set<string>();
  #diskQuota: boolean | undefined;
  #withoutSleep = new Set<string>();

  /** Makes containers on that engine. */
  constructor(options: ContainerFactoryOptions) {
    this.#options = options;
  }

  /** Whether a container of that name is being made. */
  isMaking(name: string): boolean {
    return this.#making.has(name);
  }

  /** Whether the engine bounds the size of containers; undefined until one was made. */
  get diskQuota(): boolean | undefined {
    return this.#diskQuota;
  }

  /** Makes one. Throws an `EngineError` or the signal's reason. */
  async make(order: ContainerOrder): Promise<Container> {
    const { starts } = this.#options;
    using _permit = await starts.acquire();
    order.signal?.throwIfAborted();
    const name = `codebeaker-${crypto.getRandomValues(new Uint8Array(8)).toHex()}`;
    this.#making.add(name);
    try {
      return await this.#make(name, order);
    } finally {
      this.#making.delete(name);
    }
  }

  async #make(name: string, order: ContainerOrder): Promise<Container> {
    const { engine, host, settings } = this.#options;
    const { image, signal, diskLimitMB } = order;
    const id = await this.#create(name, order);
    try {
      signal?.throwIfAborted();
      if (!image.prepared) await this.#prepare(id, settings.readOnlyRoot, signal);
      await containerStart(engine, id, { signal });
      const container = new Container({ id, image, diskLimitMB, isFresh: true }, host);
      await container.io();
      signal?.throwIfAborted();
      return container;
    } catch (error) {
      await this.#discard(id);
      if (isSleepMissing(error) && !this.#withoutSleep.has(image.id)) {
        this.#withoutSleep.add(image.id);
        return await this.#make(name, order);
      }
      throw error;
    }
  }

  /**
   * The engine says only at the first container whether its storage driver bounds sizes. The call is not
   * broken off, as the engine would finish it all the same, and nobody would know of the container.
   */
  async #create(name: string, order: ContainerOrder): Promise<string> {
    const { engine } = this.#options;
    const agentVolume = await this.#options.agent?.fill(order.image, order.signal);
    order.signal?.throwIfAborted();
    const create = async (diskQuota: boolean) => {
      const spec = this.#spec(name, order, { agentVolume, diskQuota });
      return (await containerCreate(engine, spec)).Id;
    };
    if (this.#diskQuota !== undefined) return await create(this.#diskQuota);
    try {
      const id = await create(true);
      this.#diskQuota = true;
      return id;
    } catch (error) {
      if (!(error instanceof EngineError) || !/storage-opt|quota/i.test(error.detail)) throw error;
      this.#diskQuota = false;
      return await create(false);
    }
  }

  #spec(
    name: string,
    { image, limits, network, diskLimitMB }: ContainerOrder,
    found: Pick<ContainerSpecOptions, "agentVolume" | "diskQuota">,
  ) {
    const { settings } = this.#options;
    return containerSpec({
      ...found,
      name,
      image: image.id,
      serverId: settings.serverId,
      limits,
      diskLimitMB,
      network: network ? settings.network : "none",
      runtime: settings.containerRuntime,
      readOnlyRoot: settings.readOnlyRoot,
      // What is in it is memory that cannot be taken back.
      tmpMB: Math.min(settings.tmpMB, Math.floor(limits.memoryLimitMB / 2)),
      withoutSleep: this.#withoutSleep.has(image.id),
    });
  }

  /** Gives an image that knows nothing of us a workspace and a home that its user may write to. */
  async #prepare(id: string, readOnly: boolean, signal: AbortSignal | undefined): Promise<void> {
    const { engine } = this.#options;
    if (!readOnly) {
      const names = ["workspace", SANDBOX_HOME.slice(1)];
      const tar = writeTar(names.map((name) => ({ type: "directory" as const, name, ...OWNER })));
      return await archivePut(engine, id, "/", tar, { signal });
    }
    for (const path of WRITABLE_DIRECTORIES) {
      const tar = writeTar([{ type: "directory", name: ".", ...OWNER }]);
      await archivePut(engine, id, path, tar, { signal });
    }
  }

  async #discard(id: string): Promise<void> {
    const { engine, settings } = this.#options;
    try {
      await containerRemove(engine, id, { force: true, volumes: true });
    } catch (error) {
      // The sweep finds it by its label.
      settings.logger.warning("A container could not be removed: {error}", { error });
    }
  }
}

function isSleepMissing(error: unknown): boolean {
  return error instanceof EngineError &&
    /"?sleep"?.*(?:not found|no such file)/is.test(error.detail);
}

/** The error of a session whose container cannot be made, where the engine has nothing to say. */
export function containerFailed(cause: unknown): SandboxError {
  return new SandboxError(
    "runtime_unavailable",
    "Cannot create the session: its container could not be started, see the server's log",
    { cause, data: { runtime: "docker" } },
  );
}
