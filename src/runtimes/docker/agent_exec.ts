import { AGENT_MAIN } from "../../agent/agent_sources.ts";
import { AGENT_DIRECTORY, SANDBOX_USER } from "./container_spec.ts";
import type { EngineClient } from "./engine/engine_client.ts";
import { execCreate } from "./engine/exec_create.ts";
import { execStart } from "./engine/exec_start.ts";
import type { HijackedConnection } from "./engine/hijacked_connection.ts";
import { StreamDemux } from "./engine/stream_demux.ts";

const MAX_COMPLAINT_BYTES = 4096;

/**
 * Nothing of it comes from the image or the session: what could be planted there must not run in the agent.
 * Its Deno is a file that its user may run but not read, so the kernel lets no other process of that user
 * into it (`would_dump` in fs/exec.c).
 */
const COMMAND = [
  `${AGENT_DIRECTORY}/deno`,
  "run",
  "--allow-all",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--cached-only",
  "--quiet",
  `${AGENT_DIRECTORY}/agent/${AGENT_MAIN}`,
  "--sole",
];
const ENV = [
  `DENO_DIR=${AGENT_DIRECTORY}/cache`,
  "DENO_NO_UPDATE_CHECK=1",
  "DENO_NO_PACKAGE_JSON=1",
  "DENO_V8_FLAGS=--max-old-space-size=128,--max-semi-space-size=1,--single-threaded-gc",
  "HOME=/nonexistent",
  "NO_COLOR=1",
  "LD_PRELOAD=",
  "LD_LIBRARY_PATH=",
];

/** The standard input and output of an agent that runs in a container. */
export class AgentExec implements Disposable {
  readonly #connection: HijackedConnection;
  readonly #demux: StreamDemux;
  readonly #pieces: Uint8Array[] = [];
  #complaint = "";

  private constructor(connection: HijackedConnection) {
    this.#connection = connection;
    this.#demux = new StreamDemux((stream, bytes) => {
      if (stream === "stdout") this.#pieces.push(bytes);
      else this.#complain(bytes);
    });
  }

  /** Starts an agent in a container. */
  static async start(
    engine: EngineClient,
    containerId: string,
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<AgentExec> {
    const { Id } = await execCreate(engine, containerId, {
      Cmd: COMMAND,
      Env: ENV,
      User: SANDBOX_USER,
      WorkingDir: "/",
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
    }, options);
    return new AgentExec(await execStart(engine, Id, options));
  }

  /** What it said on standard error, for the log. */
  get complaint(): string {
    return this.#complaint;
  }

  /** Reads what the agent writes; null at its end. */
  async read(): Promise<Uint8Array | null> {
    for (;;) {
      const piece = this.#pieces.shift();
      if (piece !== undefined) return piece;
      const bytes = await this.#connection.read();
      if (bytes === null) {
        this.#demux.end();
        return null;
      }
      this.#demux.write(bytes);
    }
  }

  /** Writes to the agent. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#connection.write(bytes);
  }

  /** Ends the connection, and with it the agent. */
  [Symbol.dispose](): void {
    this.#connection[Symbol.dispose]();
  }

  #complain(bytes: Uint8Array): void {
    if (this.#complaint.length >= MAX_COMPLAINT_BYTES) return;
    this.#complaint += new TextDecoder().decode(bytes);
  }
}
