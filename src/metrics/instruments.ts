import { Counter, Gauge, Histogram, type Registry } from "prom-client";
import { BUCKETS } from "./buckets.ts";

type Names<L extends string> = readonly L[];

/** Makes everything that is measured, in the order in which it is written down. */
export function createInstruments(registry: Registry) {
  const registers = [registry];

  function counter<L extends string>(name: string, help: string, labelNames: Names<L>): Counter<L> {
    return new Counter({ name, help, labelNames, registers });
  }
  function gauge<L extends string>(name: string, help: string, labelNames: Names<L>): Gauge<L> {
    return new Gauge({ name, help, labelNames, registers });
  }
  function histogram<L extends string>(
    name: string,
    help: string,
    labelNames: Names<L>,
    bounds: readonly number[],
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets: [...bounds], registers });
  }

  return {
    sessions: gauge(
      "codebeaker_active_sessions",
      "Sessions that are open, by where they stand",
      ["runtime_type", "language", "state"],
    ),
    created: counter(
      "codebeaker_sessions_created_total",
      "Sessions that were created",
      ["runtime_type", "language"],
    ),
    createFailures: counter(
      "codebeaker_session_create_failures_total",
      "Sessions that could not be created, by why",
      ["reason"],
    ),
    createDuration: histogram(
      "codebeaker_environment_creation_duration_seconds",
      "Time to make the sandbox of a session with its files",
      ["runtime_type", "language"],
      BUCKETS.create,
    ),
    closed: counter(
      "codebeaker_sessions_closed_total",
      "Sessions that were closed, by why",
      ["runtime_type", "language", "reason"],
    ),
    lifetime: histogram(
      "codebeaker_session_lifetime_seconds",
      "Time from the creation of a session to its end",
      ["runtime_type"],
      BUCKETS.lifetime,
    ),
    executions: counter(
      "codebeaker_executions_total",
      "Commands that ended, by how",
      ["command", "runtime_type", "language", "status"],
    ),
    duration: histogram(
      "codebeaker_execution_duration_seconds",
      "Time from the start of a command to its end",
      ["command", "runtime_type", "language"],
      BUCKETS.work,
    ),
    queueTime: histogram(
      "codebeaker_execution_queue_seconds",
      "Time that a command waited before it started or was given up",
      ["runtime_type"],
      BUCKETS.wait,
    ),
    queued: gauge("codebeaker_queue_depth", "Commands that wait for their turn", []),
    running: gauge("codebeaker_running_executions", "Commands that run", []),
    processes: gauge(
      "codebeaker_background_processes",
      "Processes that run in the background",
      ["runtime_type"],
    ),
    watches: gauge("codebeaker_file_watches", "Watches of files", ["runtime_type"]),
    limits: counter(
      "codebeaker_limits_hit_total",
      "Limits that ended an execution or refused a call",
      ["limit"],
    ),
    poolSize: gauge(
      "codebeaker_pool_size",
      "What is kept warm: ready to be taken, or starting",
      ["pool", "state"],
    ),
    poolHits: counter(
      "codebeaker_pool_hits_total",
      "Runs that a pool could serve at once",
      ["pool"],
    ),
    poolMisses: counter(
      "codebeaker_pool_misses_total",
      "Runs that found nothing in a pool and started something cold",
      ["pool"],
    ),
    runtimes: gauge(
      "codebeaker_runtimes_available",
      "Whether a runtime can make sessions: 1 or 0",
      ["runtime_type"],
    ),
    engineCalls: counter(
      "codebeaker_engine_calls_total",
      "Calls to the Docker engine, by how they ended",
      ["endpoint", "outcome"],
    ),
    engineDuration: histogram(
      "codebeaker_engine_call_duration_seconds",
      "Time from a call to the Docker engine to the head of its answer",
      ["endpoint"],
      BUCKETS.work,
    ),
    calls: counter(
      "codebeaker_rpc_requests_total",
      "JSON-RPC requests that were answered, by how",
      ["method", "outcome"],
    ),
    callDuration: histogram(
      "codebeaker_rpc_request_duration_seconds",
      "Time from the arrival of a JSON-RPC request to its answer",
      ["method"],
      BUCKETS.work,
    ),
    callsInFlight: gauge(
      "codebeaker_rpc_requests_in_flight",
      "JSON-RPC requests that are not answered",
      [],
    ),
    connections: gauge("codebeaker_open_connections", "WebSocket connections that are open", []),
    opened: counter(
      "codebeaker_connections_opened_total",
      "WebSocket connections that were opened",
      [],
    ),
    disconnected: counter(
      "codebeaker_connections_closed_total",
      "WebSocket connections that have ended, by the close code",
      ["code"],
    ),
    requests: counter(
      "codebeaker_http_requests_total",
      "HTTP requests that were answered, upgrades to WebSocket among them",
      ["endpoint", "status"],
    ),
    internalErrors: counter(
      "codebeaker_internal_errors_total",
      "Faults of the server itself, whose traces are in its log",
      ["component"],
    ),
    loopDelay: histogram(
      "codebeaker_event_loop_delay_seconds",
      "By how much timers of the server were late, looked at ten times a second",
      [],
      BUCKETS.delay,
    ),
    memory: gauge("codebeaker_memory_usage_bytes", "Resident memory of the server", []),
    heapUsed: gauge("codebeaker_heap_used_bytes", "Heap of the server that is in use", []),
    heapSize: gauge("codebeaker_heap_size_bytes", "Heap of the server that is set aside", []),
    external: gauge(
      "codebeaker_external_memory_bytes",
      "Memory of the server that objects outside its heap use",
      [],
    ),
    cpu: counter("process_cpu_seconds_total", "CPU time of the server, user and system", []),
    startTime: gauge("process_start_time_seconds", "When the server started, since 1970", []),
    build: gauge("codebeaker_build_info", "What runs: always 1", ["version", "deno"]),
  };
}

/** What {@linkcode createInstruments} makes. */
export type Instruments = ReturnType<typeof createInstruments>;
