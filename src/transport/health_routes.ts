import { STATUS_CODE } from "@std/http/status";
import { jsonResponse } from "./json_response.ts";
import type { Route } from "./routes.ts";

/** Who knows how the server is. */
export interface HealthProvider {
  /** Says that the process works at all; must not wait for anything. */
  live(): object;
  /** Tells whether a session could be created now. */
  ready(): Promise<{ ready: boolean; body: object }>;
  /** Everything at once, for people. */
  health(): Promise<object>;
}

/** The three health endpoints; `/health/ready` is 503 until the server is ready. */
export function healthRoutes(provider: HealthProvider): Route[] {
  const methods = ["GET"];
  return [
    {
      path: "/health",
      methods,
      handle: async () => jsonResponse(STATUS_CODE.OK, await provider.health()),
    },
    {
      path: "/health/live",
      methods,
      handle: () => jsonResponse(STATUS_CODE.OK, provider.live()),
    },
    {
      path: "/health/ready",
      methods,
      handle: async () => {
        const { ready, body } = await provider.ready();
        return jsonResponse(ready ? STATUS_CODE.OK : STATUS_CODE.ServiceUnavailable, body);
      },
    },
  ];
}
