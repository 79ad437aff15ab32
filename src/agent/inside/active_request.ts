import type { SignalTarget, TerminalSize } from "./protocol.ts";

/** A request that has begun and not ended, and what the server may say of it meanwhile. */
export interface ActiveRequest {
  /** Does what it can do at once; called when it can be named. */
  run?(): void;
  /** Takes content or standard input. The bytes are only lent. */
  data?(bytes: Uint8Array): void;
  /** Takes the end of it. */
  end?(): void;
  /** Allows more bytes to be sent. */
  credit?(bytes: number): void;
  /** Signals a process. */
  signal?(name: Deno.Signal, target: SignalTarget): void;
  /** Ends a process with all it started. */
  stop?(graceMs: number): void;
  /** Changes the size of a terminal. */
  resize?(size: TerminalSize): void;
  /** Gives up. */
  cancel?(): void;
  /** Lets go of what it holds; called once, when it is over. */
  [Symbol.dispose]?(): void;
}

/** What a request says to the server; after `done` or `fail` it is over, and says nothing more. */
export interface RequestReplies {
  /** Whether it is over. */
  readonly over: boolean;
  /** Says a part of the answer. */
  send(type: "data" | "stdout" | "stderr", payload: Uint8Array): void;
  /** Says a part of the answer that `fill` puts into a buffer of `length`; returns how much it was. */
  sendFilled(length: number, fill: (buffer: Uint8Array) => number): number;
  /** Says what of the answer comes first. */
  sendResult(value: object): void;
  /** Allows the server to send more. */
  sendCredit(bytes: number): void;
  /** Says that a process has started, when there is something else to say. */
  sendStarted(pid: number): void;
  /** Ends it, with a last word. */
  done(type: "result" | "exit" | "end", value?: object): void;
  /** Ends it with what was thrown on the way. */
  fail(error: unknown): void;
}
