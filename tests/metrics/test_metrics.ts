import { Metrics } from "../../src/metrics/metrics.ts";
import type { Vocabulary } from "../../src/metrics/vocabulary.ts";
import { FakeClock } from "../sessions/fake_clock.ts";
import { checkOpenMetrics } from "./openmetrics_checker.ts";

/** A few words of each kind. */
export const VOCABULARY: Vocabulary = {
  runtimes: ["deno", "docker"],
  languages: ["deno", "python"],
  states: ["Active", "Idle"],
  createFailures: ["runtime_unavailable", "session_limit_reached"],
  closeReasons: ["client", "idle_timeout"],
  commands: ["execute_code", "write_file"],
  statuses: ["ok", "timeout", "failed"],
  limits: ["memory", "queue_full"],
  methods: ["session.create", "session.execute"],
  failures: ["invalid_params", "internal_error"],
  pools: ["deno", "docker"],
  engineFailures: ["not_found", "timeout"],
  closeCodes: ["1000", "1001"],
  endpoints: ["/rpc", "/metrics", "/console/*"],
};

/** Makes metrics whose timers never fire by themselves. */
export function testMetrics(): Metrics {
  return new Metrics({ version: "1.2.3", vocabulary: VOCABULARY, timers: new FakeClock() });
}

/** Every sample of what is written now; throws if it is not OpenMetrics. */
export async function samplesOf(metrics: Metrics): Promise<Map<string, number>> {
  const { body } = await metrics.scrape("openmetrics");
  const families = checkOpenMetrics(body);
  return new Map([...families.values()].flatMap(({ samples }) => [...samples]));
}
