import { abortable, delay } from "@std/async";
import { LAUNCHER_NAME } from "../../agent/agent_launcher.ts";
import { archivePut } from "./engine/archive_put.ts";
import { archiveStat } from "./engine/archive_stat.ts";
import { containerCreate } from "./engine/container_create.ts";
import { containerInspect } from "./engine/container_inspect.ts";
import { containerRemove } from "./engine/container_remove.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { type TarSource, writeTar } from "../tar/tar_writer.ts";
import { volumeCreate } from "./engine/volume_create.ts";
import { AGENT_DIRECTORY, SERVER_LABEL } from "./container_spec.ts";

/** What goes into the volume. */
export interface AgentContent {
  /** The Deno that runs the agent, for the engine's kind of machine. */
  readonly deno: { readonly path: string; readonly version: string };
  /** Source texts by their path below `agent/`. */
  readonly sources: ReadonlyMap<string, string>;
  /** The program that begins a session for others, where there is one for the machine. */
  readonly launcher: Uint8Array | undefined;
  /** The engine's kind of machine. */
  readonly arch: string;
}

/** The volume of one engine; whoever wants it waits for it to be filled once. */
export class AgentVolume {
  readonly #fill: (image: string) => Promise<string | undefined>;
  #volume: Promise<string | undefined> | undefined;
  #name: string | undefined;

  /** @param fill see {@linkcode fillAgentVolume}; undefined if there is no agent for the engine */
  constructor(fill: (image: string) => Promise<string | undefined>) {
    this.#fill = fill;
  }

  /** The volume's name, if it is known to be full. */
  get name(): string | undefined {
    return this.#name;
  }

  /** The volume's name, once it is full. Rejects with the signal's reason if that is aborted before. */
  async fill(image: { readonly id: string }, signal?: AbortSignal): Promise<string | undefined> {
    this.#volume ??= this.#fill(image.id).then((name) => this.#name = name, (error) => {
      this.#volume = undefined;
      throw error;
    });
    return signal === undefined ? await this.#volume : await abortable(this.#volume, signal);
  }

  /** Looks again before the next use: another engine may answer, or somebody removed the volume. */
  forget(): void {
    this.#volume = this.#name = undefined;
  }
}

/** Settings of {@linkcode fillAgentVolume}. */
export interface AgentVolumeOptions {
  readonly serverId: string;
  readonly signal?: AbortSignal | undefined;
}

/** Marks the volume of an agent. */
export const AGENT_LABEL = "codebeaker.agent";

const MARKER = "complete";
const WAIT_MS = 200;
/** After this, whoever was filling the volume is taken for dead. */
const STALE_MS = 120_000;

/** The volume's name: another content is another volume, so a full one is never written to again. */
export async function agentVolumeName(content: AgentContent): Promise<string> {
  const { deno, arch, sources, launcher } = content;
  const text = JSON.stringify([deno.version, arch, [...sources], launcher?.toHex()]);
  const digest = await crypto.subtle.digest("SHA-256", new TextEncoder().encode(text));
  return `codebeaker-agent-${new Uint8Array(digest).toHex().slice(0, 16)}`;
}

/**
 * Makes sure that the engine has a volume with the agent, and returns its name. It is filled once, through
 * a container that never runs, so that neither the engine nor the server need a path of each other. The
 * container's name is the lock between servers that do it at the same time.
 *
 * @param image any image that the engine has, to make that container from
 */
export async function fillAgentVolume(
  engine: EngineClient,
  image: string,
  content: AgentContent,
  options: AgentVolumeOptions,
): Promise<string> {
  const { serverId, signal } = options;
  const volume = await agentVolumeName(content);
  await volumeCreate(engine, { Name: volume, Labels: { [AGENT_LABEL]: "1" } }, { signal });
  const filler = `${volume}-filler`;
  for (;;) {
    signal?.throwIfAborted();
    const id = await createFiller(engine, { image, volume, filler, serverId, signal });
    if (id === undefined) {
      await removeStale(engine, filler, signal);
      await delay(WAIT_MS, signal === undefined ? {} : { signal });
      continue;
    }
    try {
      if (await isFull(engine, id, signal)) return volume;
      await using file = await openDeno(content.deno.path);
      await archivePut(engine, id, AGENT_DIRECTORY, writeTar(entries(content, file)), { signal });
      await archivePut(engine, id, AGENT_DIRECTORY, writeTar([marker()]), { signal });
      return volume;
    } finally {
      await containerRemove(engine, id, { force: true });
    }
  }
}

interface Filler {
  readonly image: string;
  readonly volume: string;
  readonly filler: string;
  readonly serverId: string;
  readonly signal: AbortSignal | undefined;
}

/** Takes the lock; undefined if somebody else has it. */
async function createFiller(engine: EngineClient, options: Filler): Promise<string | undefined> {
  const { image, volume, filler, serverId, signal } = options;
  try {
    const { Id } = await containerCreate(engine, {
      name: filler,
      Image: image,
      Entrypoint: ["true"],
      Labels: { [SERVER_LABEL]: serverId },
      HostConfig: {
        NetworkMode: "none",
        Mounts: [{
          Type: "volume",
          Source: volume,
          Target: AGENT_DIRECTORY,
          VolumeOptions: { NoCopy: true },
        }],
      },
    }, { signal });
    return Id;
  } catch (error) {
    if (isEngineError(error, "conflict")) return undefined;
    throw error;
  }
}

async function removeStale(
  engine: EngineClient,
  filler: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  try {
    const { Id, Created } = await containerInspect(engine, filler, { signal });
    if (Date.now() - Date.parse(Created) < STALE_MS) return;
    await containerRemove(engine, Id, { force: true, signal });
  } catch (error) {
    // It ended between the two calls.
    if (!isEngineError(error, "not_found")) throw error;
  }
}

async function isFull(
  engine: EngineClient,
  id: string,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await archiveStat(engine, id, `${AGENT_DIRECTORY}/${MARKER}`, { signal });
    return true;
  } catch (error) {
    if (isEngineError(error, "not_found")) return false;
    throw error;
  }
}

interface DenoFile extends AsyncDisposable {
  readonly content: ReadableStream<Uint8Array>;
  readonly size: number;
}

async function openDeno(path: string): Promise<DenoFile> {
  const file = await Deno.open(path);
  try {
    const { size } = await file.stat();
    const { readable } = file;
    return {
      content: readable,
      size,
      // Already cancelled or read to its end in most cases, which closed the file.
      [Symbol.asyncDispose]: () => readable.locked ? Promise.resolve() : readable.cancel(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

function* entries(
  { sources, launcher }: AgentContent,
  { content, size }: DenoFile,
): Generator<TarSource> {
  // Without the right to read it, the kernel lets nobody of the same user look into its process.
  yield { type: "file", name: "deno", mode: 0o711, content, size };
  yield { type: "directory", name: "agent" };
  yield { type: "directory", name: "cache" };
  const encoder = new TextEncoder();
  for (const [path, text] of sources) {
    yield { type: "file", name: `agent/${path}`, content: encoder.encode(text) };
  }
  if (launcher === undefined) return;
  yield { type: "file", name: `agent/${LAUNCHER_NAME}`, mode: 0o755, content: launcher };
}

function marker(): TarSource {
  return { type: "file", name: MARKER, content: new Uint8Array(0) };
}
