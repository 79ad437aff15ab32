import { InvalidParamsError, type Issue, SandboxError } from "../../errors.ts";
import { type Language, LANGUAGES } from "../../languages.ts";
import type { LanguageSupport, Runtime, RuntimeStatus, Sandbox, SandboxSpec } from "../runtime.ts";
import { type Container, ContainerLost } from "./container.ts";
import { containerFailed } from "./container_factory.ts";
import { ContainerDriver } from "./container_driver.ts";
import { MIN_CPUS, MIN_MEMORY_MB, MIN_PIDS } from "./container_spec.ts";
import { ContainerStock } from "./container_stock.ts";
import { DiskWatch } from "./disk_watch.ts";
import { DockerSandbox } from "./docker_sandbox.ts";
import type { DockerSettings } from "./docker_settings.ts";
import { dockerStatus } from "./docker_status.ts";
import { ENGINE_MISSING, engineProblem } from "./engine_problem.ts";
import { EngineWatch } from "./engine_watch.ts";
import { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { engineInfo } from "./engine/engine_info.ts";
import { Images } from "./images.ts";
import { measureDisk } from "./measure_disk.ts";
import { sweep } from "./sweep.ts";

const SWEEP_MS = 60_000;
/** What a server asked the engine for as it was killed may be there only after the next has begun. */
const SECOND_SWEEP_MS = 5000;
const ENGINE_LANGUAGES: ReadonlySet<Language> = new Set(LANGUAGES);

/** Runs sessions in containers of a Docker engine, most of them started ahead. */
export class DockerRuntime implements Runtime {
  readonly name = "docker";
  readonly languages = ENGINE_LANGUAGES;
  readonly #settings: DockerSettings;
  readonly #engine: EngineClient;
  readonly #images: Images;
  readonly #driver: ContainerDriver;
  readonly #stock: ContainerStock;
  readonly #disks = new DiskWatch();
  readonly #watch: EngineWatch;
  readonly #sandboxes = new Set<DockerSandbox>();
  /** Those of the engine's machine; asked before any session is made. */
  #processors = Infinity;
  #sweepTimer: ReturnType<typeof setTimeout> | undefined;
  #disposed: Promise<void> | undefined;

  private constructor(engine: EngineClient, settings: DockerSettings) {
    const { allowedImages: allowed, languageImages, pull, serverId } = settings;
    this.#settings = settings;
    this.#engine = engine;
    const images = this.#images = new Images(engine, { allowed, languageImages, pull });
    const driver = this.#driver = new ContainerDriver(engine, settings);
    this.#stock = new ContainerStock({ engine, settings, images, driver });
    this.#watch = new EngineWatch({
      engine,
      serverId,
      onBack: () => this.#onBack(),
      onAway: () => this.#onAway(),
      onContainerEnd: (id) => this.#stock.verify(id),
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
      this.#processors = info.NCPU;
      return dockerStatus(info, this.#settings, {
        spares: this.#stock.spares,
        sandboxes: this.#sandboxes.size,
        diskQuota: this.#stock.diskQuota,
        agentProblem: this.#driver.agentProblem,
        startupMs: this.#stock.startupMs,
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
    return this.#stock.spares;
  }

  /** How it serves a language now: with which image, and whether the engine has it. */
  async support(language: Language): Promise<LanguageSupport> {
    const image = this.#images.ofLanguage(language);
    const version = this.#stock.versionOf(language);
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
      return this.#sandbox(await this.#stock.get(image, spec, signal), spec);
    } catch (error) {
      const problem = error instanceof ContainerLost
        ? containerFailed(error)
        : engineProblem(error, `create a "${spec.language}" session`);
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
      const image = this.#images.choose(spec.language, spec.dockerImage);
      const container = await this.#stock.adopt(handle, image, spec);
      return container && this.#sandbox(container, spec);
    } catch (error) {
      if (isEngineError(error, "not_found")) return undefined;
      throw engineProblem(error, "take up the session again");
    }
  }

  /** Removes what nobody owns, now and from time to time. */
  async sweep(): Promise<void> {
    this.#sweepTimer ??= setTimeout(() => this.#sweepAgain(), SECOND_SWEEP_MS);
    await this.#sweep();
  }

  /** Removes every container. */
  [Symbol.asyncDispose](): Promise<void> {
    return this.#disposed ??= this.#dispose();
  }

  async #dispose(): Promise<void> {
    clearTimeout(this.#sweepTimer);
    await Promise.allSettled([...this.#sandboxes].map((sandbox) => sandbox[Symbol.asyncDispose]()));
    await Promise.allSettled([
      this.#stock[Symbol.asyncDispose](),
      this.#disks[Symbol.asyncDispose](),
    ]);
    // Before the first sweep there may be sessions that nobody has found again yet.
    if (this.#sweepTimer !== undefined) await this.#sweepQuietly();
    await this.#watch[Symbol.asyncDispose]();
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
    if (spec.pidsLimit !== undefined && spec.pidsLimit < MIN_PIDS) {
      const message = `Expected at least ${MIN_PIDS} for a docker session, got ${spec.pidsLimit}`;
      issues.push({ path: ["pidsLimit"], message });
    }
    if (spec.cpus !== undefined && !(spec.cpus >= MIN_CPUS && spec.cpus <= this.#processors)) {
      const message = `Expected ${MIN_CPUS} to ${this.#processors} processors, got ${spec.cpus}`;
      issues.push({ path: ["cpus"], message });
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
      pidsLimit: this.#stock.limits(spec).pidsLimit,
      diskLimitMB,
      busy: () => this.#disks.busy(disk),
      touched: () => this.#disks.touch(disk),
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

  #onBack(): void {
    this.#settings.logger.info("The Docker engine answers");
    this.#images.forget();
    this.#driver.agent?.forget();
    this.#stock.resume();
    if (this.#sweepTimer !== undefined) void this.#sweepQuietly();
  }

  #onAway(): void {
    this.#settings.logger.warning("The Docker engine does not answer");
    this.#stock.suspend();
  }

  #sweepAgain(): void {
    this.#sweepTimer = setTimeout(() => this.#sweepAgain(), SWEEP_MS);
    void this.#sweepQuietly();
  }

  async #sweepQuietly(): Promise<void> {
    try {
      await this.#sweep();
    } catch (error) {
      this.#settings.logger.warning("What nobody owns could not be removed: {error}", { error });
    }
  }

  async #sweep(): Promise<void> {
    if (!this.#watch.isBack) return;
    const removed = await sweep(this.#engine, {
      serverId: this.#settings.serverId,
      isOwned: (id, name) => this.#stock.owns(id, name),
      agentVolume: this.#driver.agent?.name,
    });
    if (removed > 0) {
      this.#settings.logger.info("Removed {removed} containers that nobody owned", { removed });
    }
  }
}

function shuttingDown(): SandboxError {
  return new SandboxError("shutting_down", "Server is shutting down");
}
