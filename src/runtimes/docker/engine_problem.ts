import { SandboxError } from "../../errors.ts";
import { EngineError } from "./engine/engine_error.ts";

/** What a client reads where no engine answers. */
export const ENGINE_MISSING =
  "no Docker engine answers: install Docker (https://docs.docker.com/engine/install/) and start it, " +
  "or name its address with --docker-host";

/**
 * The error for a client whose request the engine did not let us do. What the engine says may name what is
 * not the client's, so it is in the cause, for the log. Anything but an `EngineError` is returned as it is.
 */
export function engineProblem(error: unknown, doing: string): unknown {
  if (!(error instanceof EngineError)) return error;
  const why = error.kind === "unavailable"
    ? ENGINE_MISSING
    : error.kind === "timeout"
    ? "the Docker engine did not answer in time, try again later"
    : "the Docker engine refused it, see the server's log";
  return new SandboxError("runtime_unavailable", `Cannot ${doing}: ${why}`, {
    cause: error,
    data: { runtime: "docker" },
  });
}
