import { SERVER_LABEL } from "../src/runtimes/docker/container_spec.ts";
import { containerList } from "../src/runtimes/docker/engine/container_list.ts";
import { containerRemove } from "../src/runtimes/docker/engine/container_remove.ts";
import type { EngineClient } from "../src/runtimes/docker/engine/engine_client.ts";
import { ServerIdentity } from "../src/sessions/server_identity.ts";
import { BenchClient } from "./_client.ts";
import type { BenchContext } from "./_harness.ts";
import { PlainSocket } from "./_plain_socket.ts";
import { type EngineWithImage, openEngine } from "./_python_image.ts";
import { makeDataDirectory, startServer } from "./_server.ts";
import { restUntilSpare } from "./_spares.ts";

/** Bounds of the last look for containers that were left behind. */
const SWEEP_MS = 30_000;
const MAX_LOOKS = 3;
const MAX_SWEPT = 200;

/** A server with Docker sessions, a client of it, and the engine that it works on. */
export interface DockerBench extends AsyncDisposable, EngineWithImage {
  readonly client: BenchClient;
  /** Where the server listens. */
  readonly origin: string;
  /** Labels containers that the benchmark makes itself, which the server must not take for its own. */
  readonly ownId: string;
}

/** A session and the container that it runs in. */
export interface DockerSession {
  readonly sessionId: string;
  readonly containerId: string;
}

/**
 * Starts a server that keeps so many containers ahead. Disposing stops it and removes from the engine
 * whatever it or the benchmark left there.
 */
export async function startDockerBench(
  context: BenchContext,
  { spares }: { readonly spares: number },
): Promise<DockerBench> {
  await using stack = new AsyncDisposableStack();
  const { engine, imageId } = await openEngine();
  stack.use(engine);
  const dataDirectory = await makeDataDirectory(context.directory);
  // Known before the server starts, so that nothing it makes can be missed whatever becomes of it.
  const { id: serverId } = await takeIdentity(dataDirectory);
  const ownId = `bench-${crypto.randomUUID()}`;
  stack.defer(() => removeLabelled(engine, [serverId, ownId], context));
  const server = stack.use(
    await startServer({
      directory: context.directory,
      dataDirectory,
      env: { CODEBEAKER_DOCKER: "auto", CODEBEAKER_CONTAINER_SPARES: String(spares) },
    }),
  );
  const client = stack.use(await BenchClient.connect(server.url, PlainSocket.connect));
  await restUntilSpare(client, context.signal, "docker");
  const resources = stack.move();
  return {
    engine,
    imageId,
    client,
    origin: server.origin,
    ownId,
    [Symbol.asyncDispose]: () => resources.disposeAsync(),
  };
}

/** Creates a Python session; throws if the agent does not drive its container. */
export async function createDockerSession(client: BenchClient): Promise<DockerSession> {
  const { sessionId, containerId } = await client.call("session.create", { language: "python" });
  const { sandbox } = await client.call("session.get", { sessionId });
  if (sandbox["driver"] === "agent") return { sessionId, containerId };
  throw new Error(
    `Cannot measure: the agent does not run in ${
      sandbox["image"]
    }, so that the server itself would use ` +
      "the endpoints it is compared with",
  );
}

async function takeIdentity(dataDirectory: string): Promise<{ readonly id: string }> {
  // Let go of at once: the server locks it.
  using identity = await ServerIdentity.take(dataDirectory);
  return { id: identity.id };
}

/** Removes all containers that carry one of the labels. */
async function removeLabelled(
  engine: EngineClient,
  ids: readonly string[],
  { progress }: BenchContext,
): Promise<void> {
  const signal = AbortSignal.timeout(SWEEP_MS);
  for (const id of ids) {
    const filters = { label: [`${SERVER_LABEL}=${id}`] };
    // A server that was killed may have asked for one more that the engine was still making.
    for (let looks = 0; looks < MAX_LOOKS; looks++) {
      const left = await containerList(engine, { all: true, filters, signal });
      if (left.length === 0) break;
      progress(`Removing ${left.length} containers that were left\n`);
      for (const { Id } of left.slice(0, MAX_SWEPT)) {
        await containerRemove(engine, Id, { force: true, volumes: true, signal });
      }
    }
  }
}
