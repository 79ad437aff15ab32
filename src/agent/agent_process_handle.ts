import { type AgentConnection, answers, type PendingRequest } from "./agent_connection.ts";
import { type AgentLostError, AgentRefusal } from "./agent_error.ts";
import type { AgentExit, AgentProcess, StartOptions } from "./agent_process.ts";
import { readExit, readFail, readNumber } from "./agent_reports.ts";
import { CHUNK_BYTES, type SignalTarget, type TerminalSize } from "./inside/protocol.ts";
import { decodeCredit } from "./inside/frame_payload.ts";
import type { FrameType } from "./inside/frames.ts";
import { ProcessStdin } from "./process_stdin.ts";

/**
 * How long an agent may take to end a process that it has killed. Less than sessions wait for a command
 * that they stopped: code that halts its agent is to lose the command, not the session.
 */
const STOP_ANSWER_MS = 3500;

const encoder = new TextEncoder();

/** A program that was started through a link. */
export class AgentProcessHandle {
  /**
   * How it ended. Rejects with an `AgentRefusal` if it could not be started, with an `AgentLostError` if
   * that can not be told any more.
   */
  readonly ended: Promise<AgentExit>;
  readonly #connection: AgentConnection;
  readonly #options: StartOptions;
  readonly #exit = Promise.withResolvers<AgentExit>();
  readonly #id: number;
  readonly #stdin: ProcessStdin;
  #over = false;
  #fault: { readonly error: unknown } | undefined;
  #stopTimer: ReturnType<typeof setTimeout> | undefined;

  /** Starts a program. */
  constructor(connection: AgentConnection, spec: AgentProcess, options: StartOptions) {
    const { argv, cwd, env, stdin, keepStdin = false, files = [], remove, keep, terminal } = spec;
    this.#connection = connection;
    this.#options = options;
    this.ended = this.#exit.promise;
    // Who only writes to it learns of its end in other ways.
    this.ended.catch(() => {});
    const after = files.map(({ path, content }) => sendFile(connection, path, toBytes(content)));
    const piped = stdin !== undefined || keepStdin;
    this.#id = connection.request({
      op: "spawn",
      argv,
      cwd,
      env,
      stdin: piped ? "pipe" : "none",
      ...(after.length > 0 && { after }),
      ...(remove !== undefined && { remove }),
      ...(keep !== undefined && { keep }),
      ...(terminal !== undefined && { terminal }),
    }, this.#pending());
    this.#stdin = new ProcessStdin(connection, this.#id);
    if (stdin !== undefined) this.#stdin.write(toBytes(stdin));
    if (piped && !keepStdin) this.#stdin.end();
  }

  /**
   * Writes to its standard input, after what was written before; resolves when there is room for more.
   * What it never reads is dropped.
   */
  write(bytes: Uint8Array): Promise<void> {
    return this.#stdin.write(bytes);
  }

  /** Ends its standard input after what was written. */
  closeStdin(): Promise<void> {
    return this.#stdin.end();
  }

  /** Signals it, its process group, or everything it started. */
  signal(signal: Deno.Signal, to: SignalTarget = "process"): void {
    if (!this.#over) this.#connection.sendJson("signal", this.#id, { signal, to });
  }

  /** Changes the size of its terminal, if it has one. */
  resize(size: TerminalSize): void {
    if (!this.#over) this.#connection.sendJson("resize", this.#id, size);
  }

  /** Asks it and everything it started to end, and kills what is left after `graceMs`. */
  stop(graceMs: number): void {
    if (this.#over) return;
    this.#connection.sendJson("stop", this.#id, { graceMs });
    // An agent that does not do even this is of no use any more.
    clearTimeout(this.#stopTimer);
    this.#stopTimer = setTimeout(
      () => this.#connection.lose("unresponsive", "The agent does not end a process"),
      graceMs + STOP_ANSWER_MS,
    );
  }

  #pending(): PendingRequest {
    return {
      receive: (type, payload) => this.#receive(type, payload),
      lose: (error) => this.#lose(error),
    };
  }

  #receive(type: FrameType, payload: Uint8Array): boolean {
    switch (type) {
      case "stdout":
      case "stderr":
        this.#tell(() => this.#options.output(type, payload));
        return false;
      case "started": {
        const pid = readNumber("started", payload, "pid");
        this.#tell(() => this.#options.started?.(pid));
        return false;
      }
      case "credit":
        this.#stdin.credit(decodeCredit(payload));
        return false;
      case "fail":
        this.#finish();
        this.#exit.reject(new AgentRefusal(readFail(payload)));
        return true;
      default: {
        answers(type, "exit");
        const exit = readExit(payload);
        this.#finish();
        if (this.#fault === undefined) this.#exit.resolve(exit);
        else this.#exit.reject(this.#fault.error);
        return true;
      }
    }
  }

  /** What a listener throws ends its process, not the link that others use. */
  #tell(listener: () => void): void {
    if (this.#fault !== undefined) return;
    try {
      listener();
    } catch (error) {
      this.#fault = { error };
      this.stop(0);
    }
  }

  #lose(error: AgentLostError): void {
    this.#finish();
    this.#exit.reject(error);
  }

  #finish(): void {
    this.#over = true;
    clearTimeout(this.#stopTimer);
    this.#stdin.close();
  }
}

/** Sends a whole file ahead of what needs it, which learns of it if that fails. */
function sendFile(connection: AgentConnection, path: string, content: Uint8Array): number {
  const id = connection.request({ op: "write", path }, {
    receive: (type) => type === "fail" || answers(type, "result"),
    lose: () => {},
  });
  for (let at = 0; at < content.length; at += CHUNK_BYTES) {
    connection.send("data", id, content.subarray(at, at + CHUNK_BYTES));
  }
  connection.send("end", id);
  return id;
}

function toBytes(content: string | Uint8Array): Uint8Array {
  return typeof content === "string" ? encoder.encode(content) : content;
}
