import { EngineClient } from "../src/runtimes/docker/engine/engine_client.ts";
import {
  formatEngineAddress,
  parseEngineAddress,
} from "../src/runtimes/docker/engine/engine_address.ts";
import { isEngineError } from "../src/runtimes/docker/engine/engine_error.ts";
import { imageInspect } from "../src/runtimes/docker/engine/image_inspect.ts";
import { CannotMeasure } from "./_cannot_measure.ts";

const IMAGE = "codebeaker-python:latest";
const TIMEOUT_MS = 5000;

/** An engine that has the image of the sessions. */
export interface EngineWithImage {
  readonly engine: EngineClient;
  readonly imageId: string;
}

/**
 * Opens the engine that a server finds too, by `DOCKER_HOST`. Throws {@linkcode CannotMeasure} if it does
 * not answer or has no image for Python.
 */
export async function openEngine(): Promise<EngineWithImage> {
  const certPath = Deno.env.get("DOCKER_CERT_PATH");
  const address = parseEngineAddress(Deno.env.get("DOCKER_HOST") ?? "", { certPath });
  const engine = await EngineClient.open(address);
  try {
    const { Id } = await imageInspect(engine, IMAGE, { timeoutMs: TIMEOUT_MS });
    return { engine, imageId: Id };
  } catch (cause) {
    engine[Symbol.dispose]();
    throw isEngineError(cause, "not_found")
      ? new CannotMeasure(
        `Cannot measure: the Docker engine has no image ${IMAGE}, build it with "deno task images ` +
          `python", or without a registry with "deno task images --from-debian python"`,
        { cause },
      )
      : new CannotMeasure(
        `Cannot measure: no Docker engine answers at ${
          formatEngineAddress(address)
        }, start one or ` +
          `set DOCKER_HOST (${cause instanceof Error ? cause.message : cause})`,
        { cause },
      );
  }
}
