import { assert, assertEquals, assertMatch, assertRejects } from "@std/assert";
import { Metrics } from "../../src/metrics/metrics.ts";
import { FakeClock } from "../sessions/fake_clock.ts";
import { checkOpenMetrics, seriesKey } from "./openmetrics_checker.ts";
import { samplesOf, testMetrics, VOCABULARY } from "./test_metrics.ts";

const DENO = { runtime: "deno", language: "deno" };

/** Records one of everything. */
function recordAll(metrics: Metrics): void {
  metrics.sessionCreated({ ...DENO, durationSeconds: 0.002 });
  metrics.sessionCreateFailed({ reason: "runtime_unavailable" });
  metrics.sessionClosed({ ...DENO, reason: "client", lifetimeSeconds: 90 });
  metrics.executionEnded({
    ...DENO,
    command: "execute_code",
    status: "ok",
    durationSeconds: 0.03,
    queueSeconds: 0.2,
  });
  metrics.limitHit({ limit: "memory" });
  metrics.engineCall({
    endpoint: "POST /containers/0123/start",
    outcome: "not_found",
    durationSeconds: 0.4,
  });
  metrics.rpcCall({ method: "session.create", outcome: "ok", durationSeconds: 0.01 });
  metrics.connectionOpened();
  metrics.connectionOpened();
  metrics.connectionClosed({ code: 1000 });
  metrics.httpRequest({ path: "/rpc", status: 200 });
  metrics.internalError({ component: "rpc" });
}

/** Observes something of everything. */
function observeAll(metrics: Metrics): void {
  metrics.observe({
    sessions: () => [{ ...DENO, state: "Active", count: 2 }, { ...DENO, state: "Idle", count: 3 }],
    pools: () => [{ pool: "deno", ready: 4, starting: 1, hits: 10, misses: 2 }],
  });
  metrics.observe({
    runtimes: () =>
      Promise.resolve([{ runtime: "deno", available: true }, {
        runtime: "docker",
        available: false,
      }]),
    executions: () => ({ queued: 5, running: 6 }),
    background: () => [{ runtime: "docker", processes: 8, watches: 9 }],
    calls: () => 7,
  });
}

Deno.test("Metrics.scrape() writes OpenMetrics", async () => {
  using metrics = testMetrics();
  // Also while nothing has happened yet.
  await check();
  recordAll(metrics);
  observeAll(metrics);
  await check();

  async function check() {
    const { contentType, body } = await metrics.scrape("openmetrics");
    assertEquals(contentType, "application/openmetrics-text; version=1.0.0; charset=utf-8");
    for (const [name, { type, help, unit }] of checkOpenMetrics(body)) {
      assertMatch(name, /^(codebeaker|process)_[a-z_]+$/);
      assert(help !== undefined, name);
      assertEquals(unit !== undefined, /_(seconds|bytes)$/.test(name), name);
      assert(type !== "histogram" || unit === "seconds", name);
    }
  }
});

Deno.test("Metrics.scrape() writes the older text format, whichever was written first", async () => {
  using metrics = testMetrics();
  recordAll(metrics);
  observeAll(metrics);
  const before = await metrics.scrape("text");
  await metrics.scrape("openmetrics");
  const { contentType, body } = await metrics.scrape("text");
  assertEquals(contentType, "text/plain; version=0.0.4; charset=utf-8");
  for (const text of [before.body, body]) {
    assert(!text.includes("# EOF") && !text.includes("# UNIT"));
    assert(text.endsWith("\n"));
    assertMatch(text, /^# TYPE codebeaker_connections_opened_total counter$/m);
    assertMatch(text, /^codebeaker_connections_opened_total 2$/m);
    assertMatch(text, /^# HELP codebeaker_active_sessions Sessions that are open/m);
  }
});

Deno.test("Metrics counts what it is told", async () => {
  using metrics = testMetrics();
  recordAll(metrics);
  const samples = await samplesOf(metrics);
  const place = { language: "deno", ["runtime_type"]: "deno" };
  const execution = { command: "execute_code", ...place };
  const endpoint = "POST /containers/{}/start";
  const expected: [name: string, labels: Record<string, string>, value: number][] = [
    ["sessions_created_total", place, 1],
    ["environment_creation_duration_seconds_sum", place, 0.002],
    ["environment_creation_duration_seconds_bucket", { ...place, le: "0.001" }, 0],
    ["environment_creation_duration_seconds_bucket", { ...place, le: "0.0025" }, 1],
    ["session_create_failures_total", { reason: "runtime_unavailable" }, 1],
    ["session_create_failures_total", { reason: "session_limit_reached" }, 0],
    ["sessions_closed_total", { ...place, reason: "client" }, 1],
    ["session_lifetime_seconds_sum", { ["runtime_type"]: "deno" }, 90],
    ["executions_total", { ...execution, status: "ok" }, 1],
    ["execution_duration_seconds_sum", execution, 0.03],
    ["execution_duration_seconds_bucket", { ...execution, le: "0.025" }, 0],
    ["execution_duration_seconds_bucket", { ...execution, le: "0.05" }, 1],
    ["execution_duration_seconds_bucket", { ...execution, le: "600.0" }, 1],
    ["execution_queue_seconds_sum", { ["runtime_type"]: "deno" }, 0.2],
    ["limits_hit_total", { limit: "memory" }, 1],
    ["limits_hit_total", { limit: "queue_full" }, 0],
    ["engine_calls_total", { endpoint, outcome: "not_found" }, 1],
    ["engine_call_duration_seconds_sum", { endpoint }, 0.4],
    ["rpc_requests_total", { method: "session.create", outcome: "ok" }, 1],
    ["rpc_request_duration_seconds_sum", { method: "session.create" }, 0.01],
    ["connections_opened_total", {}, 2],
    ["open_connections", {}, 1],
    ["connections_closed_total", { code: "1000" }, 1],
    ["http_requests_total", { endpoint: "/rpc", status: "200" }, 1],
    ["internal_errors_total", { component: "rpc" }, 1],
    ["internal_errors_total", { component: "transport" }, 0],
    ["build_info", { version: "1.2.3", deno: Deno.version.deno }, 1],
  ];
  for (const [name, labels, value] of expected) {
    const key = seriesKey(`codebeaker_${name}`, labels);
    assertEquals(samples.get(key), value, key);
  }
});

Deno.test("Metrics tells of the process", async () => {
  using metrics = testMetrics();
  const samples = await samplesOf(metrics);
  const { rss, heapUsed, heapTotal } = Deno.memoryUsage();
  assert(samples.get("codebeaker_memory_usage_bytes")! > rss / 10);
  assert(samples.get("codebeaker_heap_used_bytes")! > heapUsed / 10);
  assert(samples.get("codebeaker_heap_size_bytes")! > heapTotal / 10);
  assert(samples.get("codebeaker_external_memory_bytes")! >= 0);
  assert(samples.get("process_start_time_seconds")! <= Date.now() / 1000);
  const cpu = samples.get("process_cpu_seconds_total")!;
  assert(cpu > 0);
  assert((await samplesOf(metrics)).get("process_cpu_seconds_total")! >= cpu);
});

Deno.test("Metrics gives no label a value that is not in the vocabulary", async () => {
  using metrics = testMetrics();
  recordAll(metrics);
  observeAll(metrics);
  const before = (await samplesOf(metrics)).size;
  const recordAny = (index: number) => {
    const word = `${crypto.randomUUID()}${index}"\n\\{}`;
    const place = { runtime: word, language: word };
    metrics.sessionCreated({ ...place, durationSeconds: 1 });
    metrics.sessionCreateFailed({ reason: word });
    metrics.sessionClosed({ ...place, reason: word, lifetimeSeconds: 1 });
    metrics.executionEnded({ ...place, command: word, status: word, durationSeconds: 1 });
    metrics.limitHit({ limit: word });
    metrics.engineCall({ endpoint: word, outcome: word, durationSeconds: 1 });
    metrics.engineCall({ endpoint: `PUT /${index}/${index}`, outcome: word, durationSeconds: 1 });
    metrics.rpcCall({ method: word, outcome: word, durationSeconds: 1 });
    metrics.connectionOpened();
    metrics.connectionClosed({ code: 3000 + index });
    metrics.httpRequest({ path: `/${word}`, status: 404 });
    metrics.observe({
      sessions: () => [{ ...place, state: word, count: 1 }, { ...place, state: "x", count: 2 }],
      pools: () => [{ pool: word, ready: 1, starting: 1, hits: 1, misses: 1 }],
      runtimes: () => Promise.resolve([{ runtime: word, available: true }]),
    });
  };
  recordAny(0);
  const { size: once } = await samplesOf(metrics);
  for (let index = 1; index < 300; index++) recordAny(index);
  const samples = await samplesOf(metrics);
  assertEquals(samples.size, once);
  assert(once > before);
  const unknown = 'language="unknown",runtime_type="unknown"';
  assertEquals(samples.get(`codebeaker_sessions_created_total{${unknown}}`), 300);
  assertEquals(samples.get(`codebeaker_active_sessions{${unknown},state="unknown"}`), 3);
  assertEquals(
    samples.get('codebeaker_rpc_requests_total{method="unknown",outcome="unknown"}'),
    300,
  );
  assertEquals(samples.get('codebeaker_connections_closed_total{code="unknown"}'), 300);
});

Deno.test("Metrics leaves out times that cannot be, and never throws", async () => {
  using metrics = testMetrics();
  const call = { method: "session.create", outcome: "ok" };
  for (const durationSeconds of [NaN, Infinity, -1, 0.5]) {
    metrics.rpcCall({ ...call, durationSeconds });
  }
  metrics.executionEnded({ ...DENO, command: "execute_code", status: "ok" });
  const samples = await samplesOf(metrics);
  const labels = '{method="session.create"}';
  assertEquals(samples.get(`codebeaker_rpc_request_duration_seconds_count${labels}`), 2);
  assertEquals(samples.get(`codebeaker_rpc_request_duration_seconds_sum${labels}`), 0.5);
  const names = [...samples.keys()];
  assert(!names.some((name) => name.startsWith("codebeaker_execution_duration_seconds")));
  assert(!names.some((name) => name.startsWith("codebeaker_execution_queue_seconds")));
});

Deno.test("Metrics.observe() has the sources asked at every reading", async (t) => {
  const deno = 'language="deno",runtime_type="deno"';
  await t.step("what they say replaces what they said", async () => {
    using metrics = testMetrics();
    observeAll(metrics);
    const first = await samplesOf(metrics);
    assertEquals(first.get(`codebeaker_active_sessions{${deno},state="Active"}`), 2);
    assertEquals(first.get(`codebeaker_active_sessions{${deno},state="Idle"}`), 3);
    assertEquals(first.get('codebeaker_pool_size{pool="deno",state="ready"}'), 4);
    assertEquals(first.get('codebeaker_pool_size{pool="deno",state="starting"}'), 1);
    assertEquals(first.get('codebeaker_pool_misses_total{pool="deno"}'), 2);
    assertEquals(first.get('codebeaker_runtimes_available{runtime_type="deno"}'), 1);
    assertEquals(first.get('codebeaker_runtimes_available{runtime_type="docker"}'), 0);
    assertEquals(first.get("codebeaker_queue_depth"), 5);
    assertEquals(first.get("codebeaker_running_executions"), 6);
    const docker = '{runtime_type="docker"}';
    assertEquals(first.get(`codebeaker_background_processes${docker}`), 8);
    assertEquals(first.get(`codebeaker_file_watches${docker}`), 9);
    assertEquals(first.get("codebeaker_rpc_requests_in_flight"), 7);
    metrics.observe({
      sessions: () => [{ ...DENO, state: "Idle", count: 1 }],
      pools: () => [{ pool: "deno", ready: 0, starting: 0, hits: 11, misses: 2 }],
    });
    const second = await samplesOf(metrics);
    assertEquals(second.get(`codebeaker_active_sessions{${deno},state="Active"}`), undefined);
    assertEquals(second.get(`codebeaker_active_sessions{${deno},state="Idle"}`), 1);
    assertEquals(second.get('codebeaker_pool_hits_total{pool="deno"}'), 11);
  });
  await t.step("one that throws fails the reading and not the next", async () => {
    using metrics = testMetrics();
    let broken = true;
    metrics.observe({
      calls: () => {
        if (broken) throw new Error("broken");
        return 1;
      },
    });
    await assertRejects(() => metrics.scrape("openmetrics"), Error, "broken");
    broken = false;
    assertEquals((await samplesOf(metrics)).get("codebeaker_rpc_requests_in_flight"), 1);
  });
  await t.step("who reads at the same time has them asked once", async () => {
    using metrics = testMetrics();
    const gate = Promise.withResolvers<void>();
    let asked = 0;
    metrics.observe({
      runtimes: async () => {
        asked++;
        await gate.promise;
        return [];
      },
    });
    const readings = [metrics.scrape("openmetrics"), metrics.scrape("openmetrics")];
    gate.resolve();
    const [first, second] = await Promise.all(readings);
    assertEquals(asked, 1);
    assertEquals(first!.body, second!.body);
    await metrics.scrape("text");
    assertEquals(asked, 2);
  });
});

Deno.test("Metrics of two servers do not share anything", async () => {
  using one = testMetrics();
  using other = testMetrics();
  one.connectionOpened();
  assertEquals((await samplesOf(one)).get("codebeaker_open_connections"), 1);
  assertEquals((await samplesOf(other)).get("codebeaker_open_connections"), 0);
});

Deno.test("Metrics[Symbol.dispose]() ends the timer and keeps the figures", async () => {
  const timers = new FakeClock();
  const metrics = new Metrics({ version: "1.2.3", vocabulary: VOCABULARY, timers });
  assertEquals(timers.timers, 1);
  await timers.advance(1000);
  assertEquals(timers.timers, 1);
  metrics[Symbol.dispose]();
  metrics[Symbol.dispose]();
  assertEquals(timers.timers, 0);
  const samples = await samplesOf(metrics);
  assertEquals(samples.get("codebeaker_event_loop_delay_seconds_count"), 10);
});

Deno.test("Metrics leaves no timer of the system behind", async () => {
  // The test's own check for leaks looks.
  using metrics = new Metrics({ version: "1.2.3", vocabulary: VOCABULARY });
  await metrics.scrape("openmetrics");
});

Deno.test("docs/metrics.md describes every metric with its type and labels", async () => {
  using metrics = testMetrics();
  recordAll(metrics);
  observeAll(metrics);
  const { body } = await metrics.scrape("text");
  const types = [...body.matchAll(/^# TYPE (\S+) (\S+)$/gm)].map(([, name, type]) => {
    const sample = new RegExp(`^${name}(?:_bucket)?(?:\\{(.*)\\})? `, "m").exec(body);
    const labels = [...(sample?.[1] ?? "").matchAll(/(\w+)="/g)].map(([, label]) => label!);
    const shown = labels.filter((label) => label !== "le").toSorted().join(", ");
    return `${name} ${type} ${shown}`;
  });
  const docs = await Deno.readTextFile(new URL("../../docs/metrics.md", import.meta.url));
  const rows = [...docs.matchAll(/^\| `((?:codebeaker|process)_\w+)` +\| (\w+) +\| ([^|]*?) *\|/gm)]
    .map(([, name, type, labels]) => {
      const shown = labels!.replaceAll("`", "").split(", ").toSorted().join(", ");
      return `${name} ${type} ${shown === "—" ? "" : shown}`;
    });
  assertEquals(rows.toSorted(), types.toSorted());
});
