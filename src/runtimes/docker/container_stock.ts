import { type Language, LANGUAGES } from "../../languages.ts";
import type { SandboxSpec } from "../runtime.ts";
import { Semaphore } from "../semaphore.ts";
import { WarmPool } from "../warm_pool.ts";
import { Container } from "./container.ts";
import type { ContainerDriver } from "./container_driver.ts";
import { ContainerFactory } from "./container_factory.ts";
import { type ContainerLimits, containerResources, SERVER_LABEL } from "./container_spec.ts";
import type { DockerSettings } from "./docker_settings.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import { containerUpdate } from "./engine/container_update.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import type { Images } from "./images.ts";
import { LanguageVersions } from "./language_versions.ts";
import { WarmContainer, warmKey, type WarmProfile } from "./warm_container.ts";

/** What a {@linkcode ContainerStock} works with. */
export interface ContainerStockOptions {
  readonly engine: EngineClient;
  readonly settings: DockerSettings;
  readonly images: Images;
  readonly driver: ContainerDriver;
}

/** Containers that are started at the same time; more would only slow each other down. */
const PARALLEL_STARTS = 4;
const CPU_SHARES = 1024;

/** All containers of a server: those of sessions, and those that are kept ready for them. */
export class ContainerStock implements AsyncDisposable {
  readonly #engine: EngineClient;
  readonly #settings: DockerSettings;
  readonly #images: Images;
  readonly #driver: ContainerDriver;
  readonly #factory: ContainerFactory;
  readonly #pool: WarmPool<WarmProfile, WarmContainer>;
  readonly #versions = new LanguageVersions();
  /** Those that are made and not removed yet, those that were let go of among them, by id. */
  readonly #containers = new Map<string, Container>();
  readonly #background = new Set<Promise<void>>();
  #startupMs: number | undefined;
  #isDisposed = false;

  /** Begins without containers. */
  constructor({ engine, settings, images, driver }: ContainerStockOptions) {
    this.#engine = engine;
    this.#settings = settings;
    this.#images = images;
    this.#driver = driver;
    this.#factory = new ContainerFactory({
      engine,
      settings,
      host: driver,
      agent: driver.agent,
      starts: new Semaphore(PARALLEL_STARTS),
    });
    this.#pool = new WarmPool({
      start: (profile) => Promise.resolve(new WarmContainer(this.#makeWarm(profile))),
      capacity: settings.spares,
      reserve: 1,
      idleMs: settings.spareIdleSeconds * 1000,
      onFailure: (error) =>
        settings.logger.warning("A spare container could not be started: {error}", { error }),
    });
  }

  /** Figures of those that are kept ready. */
  get spares(): { ready: number; starting: number; hits: number; misses: number } {
    return this.#pool.stats;
  }

  /** Whether the engine bounds their size; undefined until one was made. */
  get diskQuota(): boolean | undefined {
    return this.#factory.diskQuota;
  }

  /** Milliseconds that making the last one took. */
  get startupMs(): number | undefined {
    return this.#startupMs;
  }

  /** The version of a language, if a container with it was started. */
  versionOf(language: Language): string | undefined {
    return this.#versions.of(language);
  }

  /** Whether a container is somebody's, by its id, or by its name while it is made. */
  owns(id: string, name: string): boolean {
    return this.#containers.has(id) || this.#factory.isMaking(name);
  }

  /** Looks whether one still runs, after a sign that it may not. */
  verify(id: string): void {
    void this.#containers.get(id)?.verify();
  }

  /** A container for a session: one that was kept ready, else a new one. Throws an `EngineError`. */
  async get(image: string, spec: SandboxSpec, signal?: AbortSignal): Promise<Container> {
    return await this.#take(image, spec) ?? await this.#make(image, spec, signal);
  }

  /** Finds one again that a server which is gone had made; undefined if it is not there or has ended. */
  async adopt(id: string, image: string, spec: SandboxSpec): Promise<Container | undefined> {
    const { Id, Image, Config, State } = await containerInspect(this.#engine, id);
    if (Config.Labels?.[SERVER_LABEL] !== this.#settings.serverId) return undefined;
    // One that ended while no server looked is not taken for one that lives.
    if (!State.Running) return undefined;
    const facts = { ...await this.#images.find(Image, spec.language), name: image };
    const diskLimitMB = spec.diskLimitMB ?? this.#settings.defaults.diskLimitMB;
    const options = { id: Id, image: facts, diskLimitMB, isFresh: false };
    return this.#own(new Container(options, this.#driver));
  }

  /** The limits that a session gets. */
  limits(spec: Partial<SandboxSpec>): ContainerLimits {
    const { memoryLimitMB, pidsLimit, cpus } = this.#settings.defaults;
    return {
      memoryLimitMB: spec.memoryLimitMB ?? memoryLimitMB,
      pidsLimit: spec.pidsLimit ?? pidsLimit,
      cpus: spec.cpus ?? cpus,
      cpuShares: spec.cpuShares ?? CPU_SHARES,
    };
  }

  /** The engine is away: what it ends meanwhile is none the worse for it. */
  suspend(): void {
    for (const container of this.#containers.values()) container.suspend();
  }

  /** The engine answers, for the first time or again. */
  resume(): void {
    for (const container of this.#containers.values()) {
      this.#inBackground(() => container.resume());
    }
    this.#inBackground(() => this.#prepare());
  }

  /** Ends those that are kept ready, and waits for what is under way. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#isDisposed = true;
    await this.#pool[Symbol.asyncDispose]();
    await Promise.allSettled(this.#background);
  }

  /** A container that is ready, with the session's limits; undefined if there is none. */
  async #take(image: string, spec: SandboxSpec): Promise<Container | undefined> {
    const profile = { image, network: spec.network === true };
    const { diskLimitMB = this.#settings.defaults.diskLimitMB } = spec;
    // Only a container of its own can have another quota, and another limit of a file's size.
    if (diskLimitMB !== this.#settings.defaults.diskLimitMB) return undefined;
    // And another size of /tmp.
    if (spec.memoryLimitMB < 2 * this.#settings.tmpMB) return undefined;
    // An image that is not there fails here, with a message of what to do, and not in the background.
    if (!this.#pool.has(warmKey(profile))) await this.#images.find(image, spec.language);
    const container = await this.#pool.take(warmKey(profile), profile)?.container
      .catch(() => undefined);
    if (container === undefined) return undefined;
    this.#inBackground(() => this.#refresh(profile, container));
    const limits = this.limits(spec);
    try {
      if (!sameLimits(limits, this.limits({}))) {
        await containerUpdate(this.#engine, container.id, containerResources(limits));
      }
      return container;
    } catch (error) {
      this.#inBackground(() => container[Symbol.asyncDispose]());
      throw error;
    }
  }

  /** A container of an image that was built anew since is the last of its kind. */
  async #refresh(profile: WarmProfile, { image }: Container): Promise<void> {
    const now = await this.#images.find(profile.image, "python");
    if (now.id !== image.id) this.#pool.drop(warmKey(profile));
  }

  async #make(
    name: string,
    spec: SandboxSpec,
    signal: AbortSignal | undefined,
  ): Promise<Container> {
    const image = await this.#images.find(name, spec.language, { signal, onPull: spec.onProgress });
    return this.#own(
      await this.#factory.make({
        image,
        network: spec.network === true,
        limits: this.limits(spec),
        diskLimitMB: spec.diskLimitMB ?? this.#settings.defaults.diskLimitMB,
        signal,
      }),
    );
  }

  async #makeWarm({ image, network }: WarmProfile): Promise<Container> {
    const facts = await this.#images.find(image, "python");
    const { diskLimitMB } = this.#settings.defaults;
    const order = { image: facts, network, limits: this.limits({}), diskLimitMB };
    const startedAt = performance.now();
    const container = this.#own(await this.#factory.make(order));
    this.#startupMs = Math.round(performance.now() - startedAt);
    const languages = LANGUAGES.filter((name) => this.#images.ofLanguage(name) === image);
    await this.#versions.learn(container, languages);
    return container;
  }

  #own(container: Container): Container {
    this.#containers.set(container.id, container);
    void container.ended.then(() => {
      // One that was let go of is the next server's.
      if (!container.isReleased) this.#containers.delete(container.id);
    });
    // A session removes its own; nobody would remove a spare that died.
    void container.lost.then(() => {
      if (container.isFresh) this.#inBackground(() => container[Symbol.asyncDispose]());
    });
    return container;
  }

  /** Keeps a container for each language whose image is there. */
  async #prepare(): Promise<void> {
    if (this.#settings.spares === 0) return;
    const images = new Set(LANGUAGES.map((language) => this.#images.ofLanguage(language)));
    let left = this.#settings.spares;
    for (const image of images) {
      if (left === 0 || this.#isDisposed) return;
      if (!await this.#images.has(image)) continue;
      const profile = { image, network: false };
      this.#pool.prepare(warmKey(profile), profile, 1);
      left--;
    }
    this.#pool.retry();
  }

  #inBackground(action: () => Promise<void>): void {
    const task = action().catch((error) => {
      if (this.#isDisposed) return;
      this.#settings.logger.warning("Work in the background failed: {error}", { error });
    }).finally(() => this.#background.delete(task));
    this.#background.add(task);
  }
}

function sameLimits(a: ContainerLimits, b: ContainerLimits): boolean {
  return a.memoryLimitMB === b.memoryLimitMB && a.cpuShares === b.cpuShares && a.cpus === b.cpus &&
    a.pidsLimit === b.pidsLimit;
}
