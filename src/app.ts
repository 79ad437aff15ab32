import { getLogger } from "@logtape/logtape";
import { join } from "@std/path";
import { rpcEvents, transportEvents } from "./app_events.ts";
import { createMetrics, sessionEvents } from "./app_metrics.ts";
import { startDeno, startDocker } from "./app_runtimes.ts";
import { ApiKeyError, ApiKeys } from "./auth/api_keys.ts";
import { decideListen } from "./auth/listen_policy.ts";
import { RequestGuard } from "./auth/request_guard.ts";
import { UrlSigner } from "./auth/url_signer.ts";
import type { Config } from "./config/schema.ts";
import { createMethodTable } from "./methods/table.ts";
import { Dispatcher } from "./rpc/dispatcher.ts";
import { descriptorsHavePaths } from "./runtimes/deno/confined_directory.ts";
import { RuntimeRegistry } from "./runtimes/runtime_registry.ts";
import { RegistryError } from "./sessions/registry_error.ts";
import { SessionManager } from "./sessions/session_manager.ts";
import { SessionRegistry } from "./sessions/session_registry.ts";
import { StartError } from "./start_error.ts";
import { fileRoute } from "./transport/files/file_routes.ts";
import type { HealthProvider } from "./transport/health_routes.ts";
import { metricsRoute } from "./transport/metrics_route.ts";
import { startServer } from "./transport/server.ts";
import { VERSION } from "./version.ts";

/** A running server. Disposing closes it. */
export interface App extends AsyncDisposable {
  /** Where it listens. */
  readonly url: string;
  /**
   * Stops accepting, lets commands run on for the grace time of the settings, tells clients, ends
   * every session and removes all that was made. Never takes longer than about twice the grace time.
   */
  close(): Promise<void>;
}

/** What a client may want to know before it asks for too much. */
const PUBLISHED_LIMITS = [
  ...["maxTimeoutMs", "defaultTimeoutMs", "maxOutputBytes", "maxCodeBytes", "maxFileBytes"],
  ...["maxTransferBytes"],
  ...["maxMessageBytes", "maxQueuedCommands", "maxProcesses", "maxInFlight", "idleTimeoutMinutes"],
  ...["maxLifetimeMinutes", "idleTimeoutCeilingMinutes", "lifetimeCeilingMinutes"],
  ...["memoryLimitMB", "memoryCeilingMB", "diskLimitMB", "resultRetentionMinutes"],
  ...["pidsLimit", "pidsCeiling"],
] as readonly (keyof Config)[];

/** Waiting answers get this long to leave when the sessions are closed. */
const FLUSH_MS = 2000;

/** Puts a server together and starts it. Throws {@linkcode StartError} for settings that cannot be. */
export async function startApp(config: Config): Promise<App> {
  const logger = getLogger(["codebeaker"]);
  const keys = await loadKeys(config);
  checkSettings(config, keys.required, (warning) => logger.warning(warning));
  await using stack = new AsyncDisposableStack();
  const metrics = stack.use(createMetrics());
  const registry = stack.use(await openRegistry(config));
  const deno = stack.use(await startDeno(config));
  const docker = await startDocker(config, registry.serverId, metrics);
  if (docker !== undefined) stack.use(docker);
  const all = docker === undefined ? [deno] : [deno, docker];
  const runtimes = new RuntimeRegistry(all);
  const sessions = stack.use(
    new SessionManager({
      runtimes,
      limits: config,
      logger: getLogger(["codebeaker", "sessions"]),
      events: sessionEvents(metrics),
      registry,
      keepSessions: config.keepSessions,
    }),
  );
  await sessions.restore(all);
  const limits = Object.fromEntries(
    PUBLISHED_LIMITS.map((name) => [name, config[name] as number]),
  );
  const urls = await UrlSigner.create();
  const table = createMethodTable({ sessions, runtimes, version: VERSION, limits, urls });
  const dispatcher = new Dispatcher(table, {
    maxInFlight: config.maxInFlight,
    ...rpcEvents(metrics),
  });
  metrics.observe({
    sessions: () => sessions.counts().sessions,
    executions: () => sessions.counts().executions,
    background: () => sessions.counts().background,
    pools: () => [
      ...(deno.spares === undefined ? [] : [{ pool: "deno", ...deno.spares }]),
      ...(docker === undefined ? [] : [{ pool: "docker", ...docker.spares }]),
    ],
    calls: () => dispatcher.inFlight,
    async runtimes() {
      const statuses = await runtimes.statuses();
      return statuses.map(({ name, available }) => ({ runtime: name, available }));
    },
  });
  const server = stack.use(startServer({
    host: config.host,
    port: config.port,
    handler: dispatcher,
    guard: new RequestGuard({ ...config, keys, signatures: urls }),
    health: healthProvider(runtimes, sessions),
    limits: {
      maxMessageBytes: config.maxMessageBytes,
      maxQueueBytes: config.maxSendQueueBytes,
      maxConnections: config.maxConnections,
      pingIntervalSeconds: config.pingIntervalSeconds,
    },
    events: transportEvents(metrics),
    routes: [
      metricsRoute(metrics),
      fileRoute({ provider: sessions, maxTransfers: config.maxConnections }),
    ],
  }));
  const started = stack.move();
  let closed: Promise<void> | undefined;
  const close = () =>
    closed ??= (async () => {
      logger.info("Shutting down: {sessions} sessions are open", { sessions: sessions.size });
      server.stopAccepting();
      await sessions.shutdown(config.shutdownGraceSeconds * 1000);
      await server.close(FLUSH_MS);
      await started.disposeAsync();
    })();
  const url = `http://${urlHost(server.hostname)}:${server.port}`;
  logger.info("Listening on {url}", { url, version: VERSION });
  return { url, close, [Symbol.asyncDispose]: close };
}

async function loadKeys({ apiKeys, apiKeysFile }: Config): Promise<ApiKeys> {
  try {
    return await ApiKeys.load({
      apiKeys,
      ...(apiKeysFile !== undefined && { apiKeysFile }),
      readTextFile: (path) => Deno.readTextFile(path),
    });
  } catch (error) {
    if (error instanceof ApiKeyError) throw new StartError(error.problems, { cause: error });
    throw error;
  }
}

async function openRegistry({ dataDir }: Config): Promise<SessionRegistry> {
  const path = join(dataDir, "sessions.sqlite");
  try {
    return await SessionRegistry.open(path, { logger: getLogger(["codebeaker", "sessions"]) });
  } catch (error) {
    if (error instanceof RegistryError) throw new StartError([error.message], { cause: error });
    throw error;
  }
}

function checkSettings(config: Config, keysRequired: boolean, warn: (text: string) => void): void {
  const { host, insecure, denoAllowRun } = config;
  const listen = decideListen({ host, keysRequired, insecure });
  if (!listen.ok) throw new StartError([listen.message]);
  if (listen.warning !== undefined) warn(listen.warning);
  if (denoAllowRun && Deno.build.os === "linux" && !descriptorsHavePaths()) {
    throw new StartError([
      "Cannot let sessions start programs: --deno-allow-run needs a server with all permissions, " +
      "start it with deno run --allow-all src/main.ts",
    ]);
  }
}

function healthProvider(runtimes: RuntimeRegistry, sessions: SessionManager): HealthProvider {
  const startedAt = performance.now();
  const ready = async () => {
    const available = (await runtimes.statuses()).filter((runtime) => runtime.available);
    return available.length > 0 && !sessions.isShuttingDown;
  };
  return {
    live: () => ({ status: "ok" }),
    async ready() {
      const isReady = await ready();
      return { ready: isReady, body: { status: isReady ? "ok" : "unavailable" } };
    },
    async health() {
      const statuses = await runtimes.statuses();
      return {
        status: await ready() ? "ok" : "unavailable",
        version: VERSION,
        uptimeSeconds: Math.round((performance.now() - startedAt) / 1000),
        runtimes: Object.fromEntries(statuses.map(({ name, available }) => [name, available])),
      };
    },
  };
}

function urlHost(hostname: string): string {
  return hostname.includes(":") ? `[${hostname}]` : hostname;
}
