import { STATUS_CODE } from "@std/http/status";
import type { Route } from "./routes.ts";

/** The two ways to write metrics down: OpenMetrics 1.0, and Prometheus' older text format. */
export type MetricsFormat = "openmetrics" | "text";

/** Who knows the figures of the server. */
export interface MetricsProvider {
  /** Writes everything down; what it throws is answered with 500. */
  scrape(format: MetricsFormat): Promise<{ contentType: string; body: string }>;
}

/** Where metrics are read. */
export const METRICS_PATH = "/metrics";

/** `GET /metrics`: OpenMetrics, unless the client wants the older text format more. */
export function metricsRoute(provider: MetricsProvider): Route {
  return {
    path: METRICS_PATH,
    methods: ["GET"],
    async handle(request) {
      const format = preferredFormat(request.headers.get("accept"));
      const { contentType, body } = await provider.scrape(format);
      const headers = { "content-type": contentType, "vary": "accept" };
      return new Response(body, { status: STATUS_CODE.OK, headers });
    },
  };
}

/** From the most exact to the least: what is said of a type itself holds over what is said of all. */
const OPENMETRICS_RANGES = ["application/openmetrics-text", "application/*", "*/*"];
const TEXT_RANGES = ["text/plain", "text/*", "*/*"];

/**
 * Chooses by the quality that each format has for the client. Versions are not looked at: scrapers offer
 * many, and read the one that the answer names. Who wants neither gets the default, as others do it.
 */
function preferredFormat(accept: string | null): MetricsFormat {
  if (accept === null) return "openmetrics";
  const ranges = readAccept(accept);
  return quality(ranges, TEXT_RANGES) > quality(ranges, OPENMETRICS_RANGES)
    ? "text"
    : "openmetrics";
}

/** Media ranges with the highest quality that each is offered at. */
function readAccept(accept: string): ReadonlyMap<string, number> {
  const ranges = new Map<string, number>();
  for (const part of accept.split(",")) {
    const [range = "", ...params] = part.split(";").map((text) => text.trim().toLowerCase());
    const q = params.find((param) => param.startsWith("q="))?.slice(2) ?? "1";
    const value = Number(q);
    if (Number.isFinite(value)) ranges.set(range, Math.max(value, ranges.get(range) ?? 0));
  }
  return ranges;
}

function quality(ranges: ReadonlyMap<string, number>, types: readonly string[]): number {
  const found = types.find((type) => ranges.has(type));
  return found === undefined ? 0 : ranges.get(found)!;
}
