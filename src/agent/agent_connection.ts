import type { AgentChannel } from "./agent_channel.ts";
import { type AgentLost, AgentLostError, AgentRefusal } from "./agent_error.ts";
import { readReady } from "./agent_reports.ts";
import { FrameWriter } from "./frame_writer.ts";
import { encodeJson } from "./inside/frame_payload.ts";
import { FrameDecoder, FrameError, type FrameType, MAX_PAYLOAD_BYTES } from "./inside/frames.ts";
import type { AgentReady, AgentRequest } from "./inside/protocol.ts";
import { Watchdog } from "./watchdog.ts";

/** What waits for the answer to a request. */
export interface PendingRequest {
  /** Takes a part of the answer; true if it was the last. Throws a {@linkcode FrameError} for nonsense. */
  receive(type: FrameType, payload: Uint8Array): boolean;
  /** There will be no answer. */
  lose(error: AgentLostError): void;
}

/** Settings of {@linkcode AgentConnection}. */
export interface AgentConnectionOptions {
  /** How long an agent that has something to do may be silent before it is asked. @default {15_000} */
  readonly silenceMs?: number;
  /** How long it may take to answer then. @default {45_000} */
  readonly answerMs?: number;
}

/** Requests and answers over a channel, each with the id of its request. */
export class AgentConnection implements AsyncDisposable {
  /** What the agent says of itself. */
  readonly ready: Promise<AgentReady>;
  /** Resolves when the agent is lost; never rejects. */
  readonly lost: Promise<AgentLost>;
  readonly #channel: AgentChannel;
  readonly #writer: FrameWriter;
  readonly #watchdog: Watchdog;
  readonly #pending = new Map<number, PendingRequest>();
  readonly #ready = Promise.withResolvers<AgentReady>();
  readonly #lost = Promise.withResolvers<AgentLost>();
  readonly #reading: Promise<void>;
  #isReady = false;
  #nextId = 1;
  #error: AgentLostError | undefined;

  /** Begins to read a channel, which is its own from now on. */
  constructor(channel: AgentChannel, options: AgentConnectionOptions = {}) {
    const { silenceMs = 15_000, answerMs = 45_000 } = options;
    this.#channel = channel;
    this.ready = this.#ready.promise;
    this.lost = this.#lost.promise;
    // Nobody may be waiting for it any more.
    this.ready.catch(() => {});
    this.#writer = new FrameWriter((bytes) => channel.write(bytes), (error) => this.#ended(error));
    this.#watchdog = new Watchdog({
      silenceMs,
      answerMs,
      ask: () => this.#ping(),
      giveUp: () => this.lose("unresponsive", "The agent does not answer"),
    });
    this.#reading = this.#read();
  }

  /**
   * Sends a request and returns its id. Throws an {@linkcode AgentLostError} if there is nobody to ask, an
   * {@linkcode AgentRefusal} if it is too long to be asked.
   */
  request(request: AgentRequest, pending: PendingRequest): number {
    if (this.#error !== undefined) throw this.#error;
    const payload = encodeJson(request);
    if (payload.length > MAX_PAYLOAD_BYTES) {
      throw new AgentRefusal({
        code: "E2BIG",
        message:
          `The request has ${payload.length} bytes, at most ${MAX_PAYLOAD_BYTES} are allowed`,
      });
    }
    const id = this.#nextId++;
    this.#writer.send("request", id, payload);
    this.#pending.set(id, pending);
    this.#watchdog.watch();
    return id;
  }

  /** Sends what belongs to a request. */
  send(type: FrameType, id: number, payload?: Uint8Array): void {
    this.#writer.send(type, id, payload);
  }

  /** Sends an object that belongs to a request. */
  sendJson(type: FrameType, id: number, value: object): void {
    this.#writer.send(type, id, encodeJson(value));
  }

  /** Resolves when there is room for more content. */
  room(): Promise<void> {
    return this.#writer.room();
  }

  /** Takes the agent for lost; what waits for it fails. */
  lose(reason: AgentLost["reason"], message: string, cause?: unknown): void {
    if (this.#error !== undefined) return;
    const lost = { reason, message, ...(cause !== undefined && { cause }) };
    const error = new AgentLostError(lost);
    this.#error = error;
    this.#watchdog[Symbol.dispose]();
    this.#writer.close();
    this.#channel[Symbol.dispose]();
    this.#lost.resolve(lost);
    this.#ready.reject(error);
    const pending = [...this.#pending.values()];
    this.#pending.clear();
    for (const request of pending) request.lose(error);
  }

  /** Closes the channel. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.lose("closed", "The link to the agent was closed");
    await this.#reading;
  }

  async #read(): Promise<void> {
    const decoder = new FrameDecoder((type, id, payload) => this.#receive(type, id, payload));
    try {
      for (;;) {
        const chunk = await this.#channel.read();
        if (chunk === null || this.#error !== undefined) break;
        this.#watchdog.heard();
        decoder.write(chunk);
      }
    } catch (error) {
      if (error instanceof FrameError) return this.lose("protocol", error.message, error);
      return this.#ended(error);
    }
    try {
      decoder.end();
      this.#ended();
    } catch (error) {
      // It was killed while it spoke.
      this.#ended(error);
    }
  }

  #receive(type: FrameType, id: number, payload: Uint8Array): void {
    if (this.#error !== undefined) return;
    if (!this.#isReady) return this.#begin(type, payload);
    const request = this.#pending.get(id);
    if (request === undefined) {
      throw new FrameError(`A frame "${type}" answers no request: ${id}`);
    }
    if (!request.receive(type, payload)) return;
    this.#pending.delete(id);
    if (this.#pending.size === 0) this.#watchdog.rest();
  }

  #begin(type: FrameType, payload: Uint8Array): void {
    if (type !== "ready") throw new FrameError(`The agent begins with a frame "${type}"`);
    const ready = readReady(payload);
    this.#isReady = true;
    this.#ready.resolve(ready);
  }

  #ping(): void {
    this.request({ op: "ping" }, {
      receive: (type) => answers(type, "result"),
      lose: () => {},
    });
  }

  #ended(cause?: unknown): void {
    this.lose("ended", "The agent is gone", cause);
  }
}

/** Whether a frame is the expected last one. Throws a {@linkcode FrameError} if it is another. */
export function answers(type: FrameType, expected: FrameType): true {
  if (type === expected) return true;
  throw new FrameError(`Unexpected frame "${type}", expected "${expected}"`);
}
