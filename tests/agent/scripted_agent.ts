import type { AgentChannel } from "../../src/agent/agent_channel.ts";
import { encodeJson } from "../../src/agent/inside/frame_payload.ts";
import { encodeFrame, FrameDecoder, type FrameType } from "../../src/agent/inside/frames.ts";
import { PROTOCOL_VERSION } from "../../src/agent/inside/protocol.ts";

/** A frame that a {@linkcode ScriptedAgent} was sent. */
export interface SentFrame {
  readonly type: FrameType;
  readonly id: number;
  readonly payload: Uint8Array;
}

/** What a real agent says first. */
export const READY = {
  protocol: PROTOCOL_VERSION,
  pid: 7,
  uid: 65532,
  sole: true,
  shielded: true,
  launcher: true,
  counters: { oomKills: true, pidsMax: true, cpu: true, memoryPeak: true },
};

/** What is said of a file besides its size. */
export const FACTS = { mode: 0o644, modifiedAt: 1.5, version: "v" };

/** How a program ends that does nothing. */
export const EXIT = {
  code: 0,
  signal: null,
  stopped: false,
  oomKills: 0,
  pidsMax: 0,
  alone: true,
};

/** The other end of a channel in memory: says what a test tells it to, and keeps what it is sent. */
export class ScriptedAgent implements AgentChannel {
  /** Every frame that was sent to it. */
  readonly frames: SentFrame[] = [];
  /** Whether the channel was closed. */
  disposed = false;
  readonly #decoder = new FrameDecoder((type, id, payload) => this.#take(type, id, payload));
  readonly #said: (Uint8Array | null)[] = [];
  #reader: ((chunk: Uint8Array | null) => void) | undefined;
  #waiting: { type: FrameType; resolve: (frame: SentFrame) => void }[] = [];
  #held: Promise<void> | undefined;

  /** Reads what was said. */
  read(): Promise<Uint8Array | null> {
    const chunk = this.#said.shift();
    if (chunk !== undefined) return Promise.resolve(chunk);
    return new Promise((resolve) => this.#reader = resolve);
  }

  /** Takes frames. */
  async write(bytes: Uint8Array): Promise<void> {
    if (this.disposed) throw new Error("The channel is closed");
    await this.#held;
    this.#decoder.write(bytes);
  }

  /** Says a frame. */
  say(type: FrameType, id: number, payload: Uint8Array | object = new Uint8Array(0)): void {
    const bytes = payload instanceof Uint8Array ? payload : encodeJson(payload);
    this.sayBytes(encodeFrame(type, id, bytes));
  }

  /** Says anything. */
  sayBytes(bytes: Uint8Array | null): void {
    const reader = this.#reader;
    this.#reader = undefined;
    if (reader === undefined) this.#said.push(bytes);
    else reader(bytes);
  }

  /** Takes nothing until what it returns is disposed. */
  hold(): Disposable {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#held = promise;
    return { [Symbol.dispose]: resolve };
  }

  /** The next frame of a type that is sent to it. */
  next(type: FrameType): Promise<SentFrame> {
    return new Promise((resolve) => this.#waiting.push({ type, resolve }));
  }

  /** Frames of a type that were sent for a request. */
  sent(type: FrameType, id: number): SentFrame[] {
    return this.frames.filter((frame) => frame.type === type && frame.id === id);
  }

  /** Closes the channel: who reads gets the end. */
  [Symbol.dispose](): void {
    if (this.disposed) return;
    this.disposed = true;
    this.sayBytes(null);
  }

  #take(type: FrameType, id: number, payload: Uint8Array): void {
    const frame = { type, id, payload: payload.slice() };
    this.frames.push(frame);
    const at = this.#waiting.findIndex((waiting) => waiting.type === type);
    if (at >= 0) this.#waiting.splice(at, 1)[0]!.resolve(frame);
  }
}
