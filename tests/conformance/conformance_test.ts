import { dockerWith } from "../docker/docker_server.ts";
import type { Bindings } from "../testutil/pattern.ts";
import { type Requirement, requirement } from "../testutil/requirement.ts";
import { type ServerProcess, startServer } from "../testutil/server_process.ts";
import { batchScenarios } from "./batch_scenarios.ts";
import { type Caller, openCaller } from "./callers.ts";
import { contextScenarios } from "./context_scenarios.ts";
import { dataScenarios } from "./data_scenarios.ts";
import { endScenarios } from "./end_scenarios.ts";
import { fileScenarios } from "./file_scenarios.ts";
import { httpFileScenarios } from "./http_file_scenarios.ts";
import { limitScenarios } from "./limit_scenarios.ts";
import { missingNeed } from "./needs.ts";
import { processScenarios } from "./process_scenarios.ts";
import { runSteps } from "./run_scenario.ts";
import { chosen, type RuntimeName, type Scenario, type TransportName } from "./scenario.ts";
import { shellScenarios } from "./shell_scenarios.ts";
import { streamScenarios } from "./stream_scenarios.ts";
import { terminalScenarios } from "./terminal_scenarios.ts";
import { verdictScenarios } from "./verdict_scenarios.ts";
import { watchScenarios } from "./watch_scenarios.ts";

const SCENARIOS: readonly Scenario[] = [
  ...verdictScenarios,
  ...limitScenarios,
  ...endScenarios,
  ...streamScenarios,
  ...processScenarios,
  ...terminalScenarios,
  ...contextScenarios,
  ...dataScenarios,
  ...shellScenarios,
  ...fileScenarios,
  ...watchScenarios,
  ...httpFileScenarios,
  ...batchScenarios,
];

const REQUIREMENTS: Record<RuntimeName, Requirement> = {
  docker: await dockerWith("codebeaker-python"),
  deno: await requirement("bubblewrap"),
};

// Programs in Deno sessions take a server that was given all permissions.
const SESSIONS: Record<RuntimeName, Record<string, unknown>> = {
  docker: { language: "python", runtime: "docker" },
  deno: { language: "deno", runtime: "deno", permissions: { allowRun: true } },
};

interface OpenSession {
  readonly id: string;
  readonly containerId: string;
}

let server: ServerProcess;
const shared: Partial<Record<RuntimeName, Promise<OpenSession>>> = {};
let unique = 7_000_000 + crypto.getRandomValues(new Uint16Array(1))[0]! * 100;

Deno.test.beforeAll(async () => {
  server = await startServer({
    allowAll: true,
    env: {
      CODEBEAKER_DOCKER: REQUIREMENTS.docker.ignore ? "off" : "auto",
      CODEBEAKER_CONTAINER_SPARES: "2",
      CODEBEAKER_DENO_ALLOW_RUN: "true",
    },
  });
});
Deno.test.afterAll(async () => {
  await server?.[Symbol.asyncDispose]();
});

for (const runtime of ["docker", "deno"] as const) {
  for (const transport of ["websocket", "http"] as const) {
    for (const scenario of SCENARIOS) {
      Deno.test({
        ...REQUIREMENTS[runtime],
        name: `${runtime}, ${transport}: ${scenario.name}`,
        fn: () => run(scenario, runtime, transport),
      });
    }
  }
}

async function run(
  scenario: Scenario,
  runtime: RuntimeName,
  transport: TransportName,
): Promise<void> {
  const connect = () => openCaller(transport, server);
  await using caller = await connect();
  const instead = scenario.instead?.[runtime] ?? scenario.instead?.[transport];
  const missing = await missingNeed(scenario.needs?.[runtime], caller);
  if (missing !== undefined && instead === undefined) {
    return skip(`${runtime}, ${transport}: ${scenario.name}: ${missing}`);
  }
  const own = scenario.session !== undefined;
  const session = own
    ? await open(caller, runtime, chosen(scenario.session, runtime))
    : await (shared[runtime] ??= open(caller, runtime));
  const bindings: Bindings = new Map<string, unknown>([
    ["session", session.id],
    ["unique", ++unique],
    ["file", `${transport}-${unique}`],
  ]);
  try {
    const steps = chosen(instead?.steps ?? scenario.steps, runtime);
    const { containerId } = session;
    const origin = server.url;
    await runSteps(steps, { runtime, containerId, origin, caller, connect, bindings });
    caller.assertAnsweredOnce();
  } finally {
    const method = own ? "session.close" : "session.cancel";
    await caller.call({ method, params: { sessionId: session.id } });
  }
}

async function open(
  caller: Caller,
  runtime: RuntimeName,
  params: Record<string, unknown> = {},
): Promise<OpenSession> {
  const asked = { ...SESSIONS[runtime], ...params };
  const { result, error } = await caller.call({ method: "session.create", params: asked });
  if (error !== undefined) throw new Error(`Expected a session: ${error.message}`);
  const { sessionId, containerId } = result as { sessionId: string; containerId: string };
  return { id: sessionId, containerId };
}

async function skip(why: string): Promise<void> {
  await Deno.stderr.write(new TextEncoder().encode(`Skipping ${why}\n`));
}
