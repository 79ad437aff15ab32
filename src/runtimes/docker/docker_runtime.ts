import { InvalidParamsError, type Issue, SandboxError } from "../../errors.ts";
import { type Language, LANGUAGES } from "../../languages.ts";
import type { LanguageSupport, Runtime, RuntimeStatus, Sandbox, SandboxSpec } from "../runtime.ts";
import { Semaphore } from "../semaphore.ts";
import { WarmPool } from "../warm_pool.ts";
import { Container } from "./container.ts";
import { ContainerDriver } from "./container_driver.ts";
import { ContainerFactory } from "./container_factory.ts";
import { type ContainerLimits, containerResources, MIN_MEMORY_MB } from "./container_spec.ts";
import { DiskWatch } from "./disk_watch.ts";
import type { DockerSettings } from "./docker_settings.ts";
import { DockerSandbox } from "./docker_sandbox.ts";
import { dockerStatus } from "./docker_status.ts";
import { ENGINE_MISSING, engineProblem } from "./engine_problem.ts";
import { EngineWatch } from "./engine_watch.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import { containerUpdate } from "./engine/container_update.ts";
import { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { engineInfo } from "./engine/engine_info.ts";
import { type ImageFacts, Images } from "./images.ts";
import { LanguageVersions } from "./language_versions.ts";
import { measureDisk } from "./measure_disk.ts";
import { sweep } from "./sweep.ts";
import { WarmContainer, warmKey, type WarmProfile } from "./warm_container.ts";

/** Containers that are started at the same time; more would only slow each other down. */
const PARALLEL_STARTS = 4;
const CPU_SHARES = 1024;
const SWEEP_MS = 60_000;
const ENGINE_LANGUAGES: ReadonlySet<Language> = new Set(LANGUAGES);

/** Runs sessions in containers of a Docker engine, most of them started ahead. */
export class DockerRuntime implements Runtime {
  readonly name = "docker";
  readonly languages = ENGINE_LANGUAGES;
  readonly #settings: DockerSettings;
  readonly #engine: EngineClient;
  readonly #images: Images;
  readonly #driver: ContainerDriver;
  readonly #factory: ContainerFactory;
  readonly #pool: WarmPool<WarmProfile, WarmContainer>;
  readonly #disks = new DiskWatch();
  readonly #versions = new LanguageVersions();
  readonly #watch: EngineWatch;
  readonly #sandboxes = new Set<DockerSandbox>();
  /** Containers that are made and not removed yet, by id. */
  readonly #containers = new Map<string, Container>();
  readonly #background = new Set<Promise<void>>();
  #sweepTimer: ReturnType<typeof setInterval> | undefined;
  #startupMs: number | undefined;
  #disposed: Promise<void> | undefined;

  private constructor(engine: EngineClient, settings: DockerSettings) {
    this.#settings = settings;
    this.#engine = engine;
    this.#images = new Images(engine, {
      allowed: settings.allowedImages,
      languageImages: settings.languageImages,
      pull: settings.pull,
    });
    this.#driver = new ContainerDriver(engine, settings);
    this.#factory = new ContainerFactory({
      engine,
      settings,
      host: this.#driver,
      agent: this.#driver.agent,
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
    this.#watch = new EngineWatch({
      engine,
      serverId: settings.serverId,
      onBack: () => this.#onBack(),
      onAway: () => this.#onAway(),
      onContainerEnd: (id) => this.#containers.get(id)?.verify(),
    });
  }

  /** Begins to look for the engine, which may come and go; see `status()`. */
  static async start(settings: DockerSettings): Promise<DockerRuntime> {
    const { address, onEngineCall } = settings;
    return new DockerRuntime(await EngineClient.open(address, { onCall: onEngineCall }), settings);
  }

  /** What it is and can do now. */
  async status(): Promise<RuntimeStatus> {
    try {
      const info = await engineInfo(this.#engine, { timeoutMs: 3000 });
      return dockerStatus(info, this.#settings, {
        spares: this.#pool.stats,
        sandboxes: this.#sandboxes.size,
        diskQuota: this.#factory.diskQuota,
        agentProblem: this.#driver.agentProblem,
        startupMs: this.#startupMs,
      });
    } catch (error) {
      if (!this.#driver.isAway(error)) throw error;
      const unknown = { isolation: [], limits: {}, details: {} };
      return {
        name: this.name,
        available: false,
        reason: `${ENGINE_MISSING.charAt(0).toUpperCase()}${ENGINE_MISSING.slice(1)}`,
        ...unknown,
      };
    }
  }

  /** Figures of the pool. */
  get spares(): { ready: number; starting: number; hits: number; misses: number } {
    return this.#pool.stats;
  }

  /** How it serves a language now: with which image, and whether the engine has it. */
  async support(language: Language): Promise<LanguageSupport> {
    const image = this.#images.ofLanguage(language);
    const version = this.#versions.of(language);
    try {
      const ready = this.#settings.pull === "missing" || await this.#images.has(image);
      return { ready, image, version };
    } catch {
      // The engine is away; `status()` says so.
      return { ready: false, image, version };
    }
  }

  /** Makes a sandbox; see {@linkcode Runtime}. */
  async createSandbox(spec: SandboxSpec, signal?: AbortSignal): Promise<Sandbox> {
    if (this.#disposed !== undefined) throw shuttingDown();
    const image = this.#check(spec);
    try {
      const container = await this.#take(image, spec) ?? await this.#make(image, spec, signal);
      return this.#sandbox(container, spec);
    } catch (error) {
      const problem = engineProblem(error, `create a "${spec.language}" session`);
      if (problem !== error) {
        this.#settings.logger.warning("A session's container could not be made: {error}", {
          error,
        });
      }
      throw problem;
    }
  }

  /** Finds a container again; see {@linkcode Runtime}. */
  async adopt(handle: string, spec: SandboxSpec): Promise<Sandbox | undefined> {
    try {
      const { Id, Image, Config, State } = await containerInspect(this.#engine, handle);
      if (Config.Labels?.["codebeaker.server"] !== this.#settings.serverId) return undefined;
      // One that ended while no server looked is not taken for one that lives.
      if (!State.Running) return undefined;
      const image = await this.#images.find(Image, spec.language);
      const diskLimitMB = spec.diskLimitMB ?? this.#settings.defaults.diskLimitMB;
      const name = this.#images.choose(spec.language, spec.dockerImage);
      const container = this.#own(
        new Container(
          { id: Id, image: { ...image, name }, diskLimitMB, isFresh: false },
          this.#driver,
        ),
      );
      return this.#sandbox(container, spec);
    } catch (error) {
      if (isEngineError(error, "not_found")) return undefined;
      throw engineProblem(error, "take up the session again");
    }
  }

  /** Removes what nobody owns, now and from time to time. */
  async sweep(): Promise<void> {
    this.#sweepTimer ??= setInterval(() => this.#inBackground(() => this.#sweep()), SWEEP_MS);
    await this.#sweep();
  }

  /** Removes every container. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    clearInterval(this.#sweepTimer);
    await Promise.allSettled([...this.#sandboxes].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    await Promise.allSettled([
      this.#pool[Symbol.asyncDispose](),
      this.#disks[Symbol.asyncDispose](),
    ]);
    await this.#watch[Symbol.asyncDispose]();
    await Promise.allSettled(this.#background);
    this.#engine[Symbol.dispose]();
  }

  /** Refuses what cannot be, and names the image. */
  #check(spec: SandboxSpec): string {
    const issues: Issue[] = [];
    if (spec.permissions !== undefined) {
      issues.push({ path: ["permissions"], message: "Applies to deno sessions only" });
    }
    if (spec.memoryLimitMB < MIN_MEMORY_MB) {
      const message =
        `Expected at least ${MIN_MEMORY_MB} for a docker session, got ${spec.memoryLimitMB}`;
      issues.push({ path: ["memoryLimitMB"], message });
    }
    if (spec.network === true && this.#settings.network === "none") {
      issues.push({
        path: ["network"],
        message: "This server grants no network (--docker-network)",
      });
    }
    if (issues.length > 0) throw new InvalidParamsError(issues);
    return this.#images.choose(spec.language, spec.dockerImage);
  }

  /** A container that is ready, with the session's limits; undefined if there is none. */
  async #take(image: string, spec: SandboxSpec): Promise<Container | undefined> {
    const profile = { image, network: spec.network === true };
    const { diskLimitMB = this.#settings.defaults.diskLimitMB } = spec;
    // Only a container of its own can have another quota.
    if (this.#factory.diskQuota === true && diskLimitMB !== this.#settings.defaults.diskLimitMB) {
      return;
    }
    // An image that is not there fails here, with a message of what to do, and not in the background.
    if (!this.#pool.has(warmKey(profile))) await this.#images.find(image, spec.language);
    const container = await this.#pool.take(warmKey(profile), profile)?.container
      .catch(() => undefined);
    if (container === undefined) return undefined;
    this.#inBackground(() => this.#refresh(profile, container));
    const limits = this.#limits(spec);
    try {
      if (!sameLimits(limits, this.#limits({}))) {
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
        limits: this.#limits(spec),
        diskLimitMB: spec.diskLimitMB ?? this.#settings.defaults.diskLimitMB,
        signal,
      }),
    );
  }

  async #makeWarm({ image, network }: WarmProfile): Promise<Container> {
    const facts: ImageFacts = await this.#images.find(image, "python");
    const { diskLimitMB } = this.#settings.defaults;
    const order = { image: facts, network, limits: this.#limits({}), diskLimitMB };
    const startedAt = performance.now();
    const container = this.#own(await this.#factory.make(order));
    this.#startupMs = Math.round(performance.now() - startedAt);
    const languages = LANGUAGES.filter((name) => this.#images.ofLanguage(name) === image);
    await this.#versions.learn(container, languages);
    return container;
  }

  #own(container: Container): Container {
    this.#containers.set(container.id, container);
    void container.ended.then(() => this.#containers.delete(container.id));
    // A session removes its own; nobody would remove a spare that died.
    void container.lost.then(() => {
      if (container.isFresh) this.#inBackground(() => container[Symbol.asyncDispose]());
    });
    return container;
  }

  #sandbox(container: Container, spec: SandboxSpec): DockerSandbox {
    container.hand();
    const diskLimitMB = spec.diskLimitMB ?? this.#settings.defaults.diskLimitMB;
    const disk = {
      diskLimitMB,
      measure: () => measureDisk(this.#engine, container, this.#settings),
      giveUp: container.giveUp.bind(container),
    };
    const sandbox = new DockerSandbox({
      container,
      languages: this.#languagesOf(container.image.name, spec.language),
      env: spec.env ?? {},
      memoryLimitMB: spec.memoryLimitMB,
      pidsLimit: this.#limits(spec).pidsLimit,
      diskLimitMB,
      busy: () => this.#disks.busy(disk),
      onEnd: () => {
        this.#sandboxes.delete(sandbox);
        this.#disks.forget(disk);
      },
    });
    this.#sandboxes.add(sandbox);
    return sandbox;
  }

  /** The session's own, and all that the same image is for. */
  #languagesOf(image: string, language: Language): ReadonlySet<Language> {
    const same = LANGUAGES.filter((name) => this.#images.ofLanguage(name) === image);
    const deno: Language[] = this.#driver.agent === undefined ? [] : ["typescript", "deno"];
    return new Set([language, ...same, ...deno, "bash"]);
  }

  #limits(spec: Partial<SandboxSpec>): ContainerLimits {
    const { memoryLimitMB, pidsLimit, cpus } = this.#settings.defaults;
    return {
      memoryLimitMB: spec.memoryLimitMB ?? memoryLimitMB,
      pidsLimit: spec.pidsLimit ?? pidsLimit,
      cpus: spec.cpus ?? cpus,
      cpuShares: spec.cpuShares ?? CPU_SHARES,
    };
  }

  #onBack(): void {
    this.#settings.logger.info("The Docker engine answers");
    this.#images.forget();
    this.#driver.agent?.forget();
    for (const container of this.#containers.values()) this.#inBackground(() => container.resume());
    this.#inBackground(() => this.#prepare());
    if (this.#sweepTimer !== undefined) this.#inBackground(() => this.#sweep());
  }

  #onAway(): void {
    this.#settings.logger.warning("The Docker engine does not answer");
    for (const container of this.#containers.values()) container.suspend();
  }

  /** Keeps a container for each language whose image is there. */
  async #prepare(): Promise<void> {
    if (this.#settings.spares === 0) return;
    const images = new Set(LANGUAGES.map((language) => this.#images.ofLanguage(language)));
    let left = this.#settings.spares;
    for (const image of images) {
      if (left === 0 || this.#disposed !== undefined) return;
      if (!await this.#images.has(image)) continue;
      const profile = { image, network: false };
      this.#pool.prepare(warmKey(profile), profile, 1);
      left--;
    }
    this.#pool.retry();
  }

  async #sweep(): Promise<void> {
    if (!this.#watch.isBack || this.#disposed !== undefined) return;
    const removed = await sweep(this.#engine, {
      serverId: this.#settings.serverId,
      isOwned: (id, name) => this.#containers.has(id) || this.#factory.isMaking(name),
      agentVolume: this.#driver.agent?.name,
    });
    if (removed > 0) {
      this.#settings.logger.info("Removed {removed} containers that nobody owned", { removed });
    }
  }

  #inBackground(action: () => Promise<void>): void {
    const task = action().catch((error) => {
      if (this.#disposed !== undefined) return;
      this.#settings.logger.warning("Work in the background failed: {error}", { error });
    }).finally(() => this.#background.delete(task));
    this.#background.add(task);
  }
}

function sameLimits(a: ContainerLimits, b: ContainerLimits): boolean {
  return a.memoryLimitMB === b.memoryLimitMB && a.cpuShares === b.cpuShares && a.cpus === b.cpus &&
    a.pidsLimit === b.pidsLimit;
}

function shuttingDown(): SandboxError {
  return new SandboxError("shutting_down", "Server is shutting down");
}
