import type { EngineClient } from "./engine_client.ts";
import { EngineError } from "./engine_error.ts";
import { type EngineFilters, formatFilters } from "./engine_filters.ts";
import type { CallOptions, EngineRequest } from "./engine_request.ts";
import { jsonStream } from "./json_stream.ts";

/** Something that happened in the engine. */
export interface EngineEvent {
  /** Of what it happened, such as `container`. */
  Type: string;
  /** Such as `die`; some have more behind a colon, such as `exec_start: sh`. */
  Action: string;
  Actor: { ID: string; Attributes: Record<string, string> | null };
  /** Seconds since 1970. */
  time: number;
  /** Billionths of a second since 1970, beyond what a number holds exactly. */
  timeNano: number;
}

/** Options of {@linkcode eventStream}. */
export interface EventStreamOptions extends CallOptions {
  /** Such as `{ label: ["a=b"], event: ["die", "oom"] }`. */
  filters?: EngineFilters;
  /**
   * Seconds since 1970, by the engine's clock, from which on past events come first, as far as the
   * engine remembers them: the last 256. @default {the second of the call}
   */
  since?: number;
}

/**
 * Follows what happens in the engine: all that happens after the call, maybe some of what happened in
 * the same second before it, and now and then something twice. The stream ends when it is cancelled or
 * `signal` is aborted, and fails as "unavailable" when the engine goes away.
 */
export async function eventStream(
  engine: EngineClient,
  options: EventStreamOptions = {},
): Promise<ReadableStream<EngineEvent>> {
  const { filters, since, ...call } = options;
  const action = "follow the events of the Docker engine";
  const request = { ...call, action, method: "GET" } as const;
  const { body } = await engine.stream({
    ...request,
    path: "/events",
    query: { filters: formatFilters(filters), since: since ?? await engineTime(engine, request) },
    timeoutCovers: "head",
  });
  const events = jsonStream<EngineEvent>(body, {
    action,
    atEnd: () => {
      throw new EngineError("unavailable", action, "the Docker engine ended the connection");
    },
  });
  return call.signal === undefined ? events : endingCleanly(events, call.signal);
}

/**
 * The engine answers before it begins to listen for events, so what happens right after the answer
 * would be missed without a time from which on it is wanted.
 */
async function engineTime(
  engine: EngineClient,
  request: Omit<EngineRequest, "path">,
): Promise<number | undefined> {
  const headers = await engine.send({ ...request, path: "/_ping" });
  const time = Date.parse(headers.get("date") ?? "");
  return Number.isNaN(time) ? undefined : time / 1000;
}

/** Ends a stream when the signal is aborted, where reading it would throw. */
function endingCleanly<T>(stream: ReadableStream<T>, signal: AbortSignal): ReadableStream<T> {
  const reader = stream.getReader();
  return new ReadableStream<T>({
    async pull(controller) {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        if (!signal.aborted) throw error;
        controller.close();
      }
    },
    cancel: (reason) => reader.cancel(reason),
  }, { highWaterMark: 0 });
}
