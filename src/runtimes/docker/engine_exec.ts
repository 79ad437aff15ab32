import type { EngineClient } from "./engine/engine_client.ts";
import { isEngineError } from "./engine/engine_error.ts";
import { type ExecConfig, execCreate } from "./engine/exec_create.ts";
import { execInspect, type ExecInspection } from "./engine/exec_inspect.ts";
import { execStart } from "./engine/exec_start.ts";
import type { HijackedConnection } from "./engine/hijacked_connection.ts";
import { type DemuxHandler, StreamDemux } from "./engine/stream_demux.ts";

/** The engine could not start a program in a container that is there. */
export class ExecRefused extends Error {
  override readonly name = "ExecRefused";
}

/** A program that the engine runs in a container, and the connection to its streams. */
export class EngineExec implements Disposable {
  readonly #engine: EngineClient;
  readonly #id: string;
  readonly #connection: HijackedConnection;

  private constructor(engine: EngineClient, id: string, connection: HijackedConnection) {
    this.#engine = engine;
    this.#id = id;
    this.#connection = connection;
  }

  /**
   * Starts a program. Throws an `EngineError` or, from engines that do not say it as if it were the
   * program's output, {@linkcode ExecRefused}.
   */
  static async start(
    engine: EngineClient,
    containerId: string,
    config: ExecConfig,
  ): Promise<EngineExec> {
    const { Id } = await execCreate(engine, containerId, config);
    try {
      return new EngineExec(engine, Id, await execStart(engine, Id));
    } catch (error) {
      const refused = isEngineError(error, "bad_request") || isEngineError(error, "server_error");
      throw refused ? new ExecRefused(error.detail, { cause: error }) : error;
    }
  }

  /** Reads both streams to their end, or to the end of the connection. */
  async pump(onData: DemuxHandler): Promise<void> {
    const demux = new StreamDemux(onData);
    for (;;) {
      const bytes = await this.#connection.read();
      if (bytes === null) break;
      demux.write(bytes);
    }
    // A connection that ends within a frame was cut; whether the program had ended, its report says.
  }

  /** Writes to its standard input. */
  async write(bytes: Uint8Array): Promise<void> {
    await this.#connection.write(bytes);
  }

  /** Writes all of its standard input and ends it; what it does not take is dropped. */
  async feed(bytes: Uint8Array): Promise<void> {
    await this.offer(bytes);
    await this.closeInput();
  }

  /** Writes to its standard input; what it does not take is dropped. */
  async offer(bytes: Uint8Array): Promise<void> {
    if (bytes.length === 0) return;
    try {
      await this.#connection.write(bytes);
    } catch {
      // A program that ends without reading it all is no error; one that is cut off has no report.
    }
  }

  /** Ends its standard input after what was written. */
  async closeInput(): Promise<void> {
    try {
      await this.#connection.closeWrite();
    } catch {
      // As above.
    }
  }

  /** Asks the engine how it does. */
  inspect(): Promise<ExecInspection> {
    return execInspect(this.#engine, this.#id);
  }

  /** Closes the connection; the program itself goes on. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }
}
