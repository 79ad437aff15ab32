import { Registry } from "prom-client";
import { engineEndpoint } from "./engine_endpoint.ts";
import { EventLoopDelay, type Timers } from "./event_loop_delay.ts";
import {
  CONTENT_TYPES,
  type ExpositionFormat,
  type Family,
  writeExposition,
} from "./exposition.ts";
import { createInstruments, type Instruments } from "./instruments.ts";
import { readSources } from "./read_sources.ts";
import type { MetricSources } from "./sources.ts";
import { boundToFirst, type LabelBounds, labelBounds, type Vocabulary } from "./vocabulary.ts";

/** Options of {@linkcode Metrics}. */
export interface MetricsOptions {
  /** The server's version. */
  readonly version: string;
  /** Every value that a label may have. */
  readonly vocabulary: Vocabulary;
  /** What the delay of the event loop is measured with. */
  readonly timers?: Timers;
}

/** Where a session is. */
export interface SessionPlace {
  readonly runtime: string;
  readonly language: string;
}

/** A command that has ended. */
export interface ExecutionEnd extends SessionPlace {
  readonly command: string;
  readonly status: string;
  /** Left out if it never started. */
  readonly durationSeconds?: number | undefined;
  readonly queueSeconds?: number | undefined;
}

/** A call to the Docker engine that has ended, well or not. */
export interface EngineCallEnd {
  /** Method and path, of which ids are taken out, or a name that our own code gave. */
  readonly endpoint: string;
  /** `ok` or why it failed. */
  readonly outcome: string;
  readonly durationSeconds: number;
}

/** The parts of the server that may be at fault. */
export type Component = "rpc" | "transport" | "sessions" | "runtimes";

const COMPONENTS: readonly Component[] = ["rpc", "transport", "sessions", "runtimes"];
/** About twice as many as we use. */
const MAX_ENGINE_ENDPOINTS = 64;

/**
 * The figures of one server. Whatever is recorded, nothing throws and no label takes a value that is not
 * in the vocabulary. Disposing ends its timer; what was counted can still be read.
 */
export class Metrics implements Disposable {
  readonly #registry = new Registry();
  readonly #instruments: Instruments = createInstruments(this.#registry);
  readonly #bounds: LabelBounds;
  readonly #engineEndpoints = boundToFirst(MAX_ENGINE_ENDPOINTS);
  readonly #loopDelay: EventLoopDelay;
  #sources: MetricSources = {};
  #reading: Promise<Family[]> | undefined;

  /** Starts with nothing counted. */
  constructor({ version, vocabulary, timers }: MetricsOptions) {
    const { build, startTime, createFailures, limits, internalErrors, loopDelay } =
      this.#instruments;
    this.#bounds = labelBounds(vocabulary);
    build.set({ version, deno: Deno.version.deno }, 1);
    startTime.set(performance.timeOrigin / 1000);
    // What has not happened yet is 0, so that the first time is seen as an increase.
    for (const reason of vocabulary.createFailures) createFailures.inc({ reason }, 0);
    for (const limit of vocabulary.limits) limits.inc({ limit }, 0);
    for (const component of COMPONENTS) internalErrors.inc({ component }, 0);
    this.#loopDelay = new EventLoopDelay((seconds) => loopDelay.observe(seconds), {
      ...(timers && { timers }),
    });
  }

  /** Says whom to ask when the metrics are read, beside those said before. */
  observe(sources: MetricSources): void {
    this.#sources = { ...this.#sources, ...sources };
  }

  /** Writes everything down. Rejects with what a source throws. */
  async scrape(format: ExpositionFormat): Promise<{ contentType: string; body: string }> {
    // Whoever asks meanwhile gets the same figures: reading twice at once would mix them up.
    this.#reading ??= this.#read().finally(() => this.#reading = undefined);
    const body = writeExposition(await this.#reading, format);
    return { contentType: CONTENT_TYPES[format], body };
  }

  /** A session was created; the time is what making its sandbox took. */
  sessionCreated(session: SessionPlace & { durationSeconds: number }): void {
    const labels = this.#place(session);
    const { created, createDuration } = this.#instruments;
    created.inc(labels);
    whenTime(session.durationSeconds, (time) => createDuration.observe(labels, time));
  }

  /** A session could not be created. */
  sessionCreateFailed({ reason }: { reason: string }): void {
    this.#instruments.createFailures.inc({ reason: this.#bounds.createFailures(reason) });
  }

  /** A session was closed. */
  sessionClosed(session: SessionPlace & { reason: string; lifetimeSeconds: number }): void {
    const labels = this.#place(session);
    const reason = this.#bounds.closeReasons(session.reason);
    const { closed, lifetime } = this.#instruments;
    closed.inc({ ...labels, reason });
    const { runtime_type } = labels;
    whenTime(session.lifetimeSeconds, (time) => lifetime.observe({ runtime_type }, time));
  }

  /** A command has ended. */
  executionEnded(execution: ExecutionEnd): void {
    const labels = {
      command: this.#bounds.commands(execution.command),
      ...this.#place(execution),
    };
    const status = this.#bounds.statuses(execution.status);
    const { executions, duration, queueTime } = this.#instruments;
    executions.inc({ ...labels, status });
    whenTime(execution.durationSeconds, (time) => duration.observe(labels, time));
    const { runtime_type } = labels;
    whenTime(execution.queueSeconds, (time) => queueTime.observe({ runtime_type }, time));
  }

  /** A limit ended an execution or refused a call. */
  limitHit({ limit }: { limit: string }): void {
    this.#instruments.limits.inc({ limit: this.#bounds.limits(limit) });
  }

  /** A call to the Docker engine has ended. */
  engineCall({ endpoint: call, outcome, durationSeconds }: EngineCallEnd): void {
    const endpoint = this.#engineEndpoints(engineEndpoint(call));
    const { engineCalls, engineDuration } = this.#instruments;
    engineCalls.inc({ endpoint, outcome: this.#bounds.engineFailures(outcome) });
    whenTime(durationSeconds, (time) => engineDuration.observe({ endpoint }, time));
  }

  /** A JSON-RPC request was answered; the outcome is `ok` or why it failed. */
  rpcCall(call: { method: string; outcome: string; durationSeconds: number }): void {
    const method = this.#bounds.methods(call.method);
    const { calls, callDuration } = this.#instruments;
    calls.inc({ method, outcome: this.#bounds.failures(call.outcome) });
    whenTime(call.durationSeconds, (time) => callDuration.observe({ method }, time));
  }

  /** A WebSocket was opened. */
  connectionOpened(): void {
    this.#instruments.opened.inc();
    this.#instruments.connections.inc();
  }

  /** A WebSocket that was opened has ended. */
  connectionClosed({ code }: { code: number }): void {
    this.#instruments.disconnected.inc({ code: this.#bounds.closeCodes(String(code)) });
    this.#instruments.connections.dec();
  }

  /** An HTTP request was answered. */
  httpRequest({ path, status }: { path: string; status: number }): void {
    const endpoint = this.#bounds.endpoints(path);
    this.#instruments.requests.inc({ endpoint, status: String(status) });
  }

  /** Something failed that should not. */
  internalError({ component }: { component: Component }): void {
    this.#instruments.internalErrors.inc({ component });
  }

  /** Ends the timer. */
  [Symbol.dispose](): void {
    this.#loopDelay[Symbol.dispose]();
  }

  #place({ runtime, language }: SessionPlace) {
    // The first is called as in the .NET program, so that its dashboards go on.
    return {
      ["runtime_type" as const]: this.#bounds.runtimes(runtime),
      language: this.#bounds.languages(language),
    };
  }

  async #read(): Promise<Family[]> {
    await readSources(this.#sources, this.#instruments, this.#bounds);
    // The package says that a type is a number of an enum, but it is a word.
    return await this.#registry.getMetricsAsJSON() as unknown as Family[];
  }
}

/** Leaves out a time that cannot be: counting must never fail what is counted. */
function whenTime(seconds: number | undefined, record: (seconds: number) => void): void {
  if (seconds !== undefined && Number.isFinite(seconds)) record(Math.max(0, seconds));
}
