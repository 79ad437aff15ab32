import { agentLauncher } from "../../agent/agent_launcher.ts";
import { agentSources } from "../../agent/agent_sources.ts";
import { AgentLink } from "../../agent/agent_link.ts";
import { AgentExec } from "./agent_exec.ts";
import { AgentIo } from "./agent_io.ts";
import { AgentVolume, fillAgentVolume } from "./agent_volume.ts";
import type { Container, ContainerHost } from "./container.ts";
import type { ContainerIo } from "./container_io.ts";
import type { DockerSettings } from "./docker_settings.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import { containerRemove } from "./engine/container_remove.ts";
import { containerRestart } from "./engine/container_restart.ts";
import { containerStart } from "./engine/container_start.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { engineInfo } from "./engine/engine_info.ts";
import { EngineIo } from "./engine_io.ts";
import { containerArch, linuxDeno } from "./linux_deno.ts";
import { join } from "@std/path";

const AGENT_READY_MS = 15_000;
/** In a container where one ran before, an agent that takes so long is kept from it by what runs there. */
const NEXT_AGENT_READY_MS = 5000;
/** Code can halt the agent, which then says nothing. */
const SILENCE = { silenceMs: 5000, answerMs: 10_000 } as const;

/** Connects to containers, through the agent where it runs, and asks the engine about them. */
export class ContainerDriver implements ContainerHost {
  readonly #engine: EngineClient;
  readonly #settings: DockerSettings;
  /** Whether the agent runs in an image, by the image's id. */
  readonly #agentRuns = new Map<string, boolean>();
  /** The volume with the agent; undefined where the agent is turned off. */
  readonly agent: AgentVolume | undefined;
  /** Why there is no agent at all, if there is none. */
  agentProblem: string | undefined;

  /** Drives containers of that engine. */
  constructor(engine: EngineClient, settings: DockerSettings) {
    this.#engine = engine;
    this.#settings = settings;
    this.agent = settings.agent === "off"
      ? undefined
      : new AgentVolume((image) => this.#fill(image));
  }

  /** Whether containers of an image have the agent; undefined if none was started yet. */
  agentRuns(imageId: string): boolean | undefined {
    return this.#agentRuns.get(imageId);
  }

  /** See {@linkcode ContainerHost}. */
  async connect(container: Container): Promise<ContainerIo> {
    const { maxFileBytes } = this.#settings;
    const known = this.#agentRuns.get(container.image.id);
    if (this.agent === undefined || known === false || this.agentProblem !== undefined) {
      return new EngineIo(this.#engine, container.id, { maxFileBytes });
    }
    try {
      const timeoutMs = container.isFresh ? AGENT_READY_MS : NEXT_AGENT_READY_MS;
      const io = await this.#startAgent(container.id, timeoutMs);
      this.#agentRuns.set(container.image.id, true);
      return io;
    } catch (error) {
      // Only where no code has run yet does it tell anything of the image.
      if (known === true || !container.isFresh || this.isAway(error)) throw error;
      this.#agentRuns.set(container.image.id, false);
      this.#settings.logger.warning(
        "The agent cannot run in image {image}, its sessions wait for the engine: {error}",
        { image: container.image.name, error },
      );
      return new EngineIo(this.#engine, container.id, { maxFileBytes });
    }
  }

  /** See {@linkcode ContainerHost}. */
  async stateOf(id: string): Promise<"running" | "stopped" | "gone"> {
    try {
      const { State } = await containerInspect(this.#engine, id);
      return State.Running ? "running" : "stopped";
    } catch (error) {
      if (isEngineError(error, "not_found")) return "gone";
      throw error;
    }
  }

  /** See {@linkcode ContainerHost}. */
  restart(id: string): Promise<void> {
    return containerRestart(this.#engine, id, { graceSeconds: 0 });
  }

  /** See {@linkcode ContainerHost}. */
  async start(id: string): Promise<void> {
    await containerStart(this.#engine, id);
  }

  /** See {@linkcode ContainerHost}. */
  remove(id: string): Promise<void> {
    return containerRemove(this.#engine, id, { force: true, volumes: true });
  }

  /** See {@linkcode ContainerHost}. */
  isAway(error: unknown): boolean {
    return isEngineError(error, "unavailable") || isEngineError(error, "timeout");
  }

  async #startAgent(id: string, timeoutMs: number): Promise<ContainerIo> {
    const exec = await AgentExec.start(this.#engine, id);
    try {
      const link = await AgentLink.open(exec, { timeoutMs, ...SILENCE });
      return new AgentIo(link, { maxFileBytes: this.#settings.maxFileBytes });
    } catch (error) {
      exec[Symbol.dispose]();
      const said = exec.complaint.trim();
      throw said === "" ? error : new Error(`The agent did not start: ${said}`, { cause: error });
    }
  }

  async #fill(image: string): Promise<string | undefined> {
    const { denoPath, dataDir, serverId, logger } = this.#settings;
    const { Architecture } = await engineInfo(this.#engine);
    const arch = containerArch(Architecture);
    const deno = arch === undefined
      ? `There is no agent for ${Architecture} machines`
      : await linuxDeno(arch, { denoPath, cacheDir: join(dataDir, "agent-deno") });
    if (arch === undefined || typeof deno === "string") {
      this.agentProblem = String(deno);
      logger.warning("Docker sessions run without the agent, slower: {problem}", { problem: deno });
      return undefined;
    }
    const started = performance.now();
    const content = {
      deno,
      sources: agentSources(),
      launcher: agentLauncher(arch),
      arch,
    };
    const volume = await fillAgentVolume(this.#engine, image, content, { serverId });
    logger.debug("The agent is on the engine in volume {volume}", {
      volume,
      durationMs: Math.round(performance.now() - started),
    });
    return volume;
  }
}
