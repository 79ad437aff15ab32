import { basename, dirname } from "@std/path/posix";
import { SANDBOX_UID } from "../src/runtimes/docker/container_spec.ts";
import { archiveGet } from "../src/runtimes/docker/engine/archive_get.ts";
import { archivePut } from "../src/runtimes/docker/engine/archive_put.ts";
import type { EngineClient } from "../src/runtimes/docker/engine/engine_client.ts";
import { readTar } from "../src/runtimes/tar/tar_reader.ts";
import { writeTar } from "../src/runtimes/tar/tar_writer.ts";

/** The files of one container, through the engine's archive endpoint. */
export class EngineFiles {
  readonly #engine: EngineClient;
  readonly #containerId: string;
  readonly #signal: AbortSignal;

  /** Works on a container until the signal is aborted. */
  constructor(engine: EngineClient, containerId: string, signal: AbortSignal) {
    this.#engine = engine;
    this.#containerId = containerId;
    this.#signal = signal;
  }

  /** Writes a file that belongs to the user of the sessions. */
  async write(path: string, text: string): Promise<void> {
    const content = new TextEncoder().encode(text);
    const owner = { uid: SANDBOX_UID, gid: SANDBOX_UID };
    const archive = writeTar([{ type: "file", name: basename(path), content, ...owner }]);
    const options = { signal: this.#signal };
    await archivePut(this.#engine, this.#containerId, dirname(path), archive, options);
  }

  /** Reads a file. */
  async read(path: string): Promise<string> {
    const options = { signal: this.#signal };
    const { body } = await archiveGet(this.#engine, this.#containerId, path, options);
    let text: string | undefined;
    for await (const entry of readTar(body)) text = await new Response(entry.readable).text();
    if (text === undefined) throw new Error(`Cannot read "${path}": the archive is empty`);
    return text;
  }
}
