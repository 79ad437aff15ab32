import { assert, assertEquals, assertMatch } from "@std/assert";
import { AGENT_DIRECTORY, SERVER_LABEL } from "../../src/runtimes/docker/container_spec.ts";
import { RpcCallError, RpcClient } from "../testutil/rpc_client.ts";
import { type ServerProcess, startServer } from "../testutil/server_process.ts";
import { until } from "../testutil/within.ts";
import { Load, type LoadAnswer, MARK } from "./chaos_load.ts";
import { PrivateEngine, privateEngineWith } from "./private_engine.ts";

const IMAGE = "codebeaker-bash:latest";
const SESSIONS = 20;
const SPARES = 2;
const RECOVERY_MS = 40_000;
const ENGINE_AWAY = /no Docker engine answers: install Docker .* and start it/i;

const requirement = {
  ...await privateEngineWith(IMAGE),
  // The engine and the server are those of the file, and some tests start them anew.
  sanitizeOps: false,
  sanitizeResources: false,
};

/** The engine and the server of this file, and the sessions that are open, by id with their marks. */
class Chaos implements AsyncDisposable {
  readonly marks = new Map<string, string>();
  readonly engine: PrivateEngine;
  readonly #dataDir: string;
  #server: ServerProcess;

  private constructor(engine: PrivateEngine, dataDir: string, server: ServerProcess) {
    this.engine = engine;
    this.#dataDir = dataDir;
    this.#server = server;
  }

  static async begin(): Promise<Chaos> {
    await using stack = new AsyncDisposableStack();
    const engine = stack.use(await PrivateEngine.start(IMAGE));
    const dataDir = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    stack.defer(() => Deno.remove(dataDir, { recursive: true }));
    const server = await startOn(engine, dataDir);
    stack.move();
    return new Chaos(engine, dataDir, server);
  }

  get url(): string {
    return this.#server.wsUrl;
  }

  /** Opens as many sessions as are missing; whatever a test that failed has left behind. */
  async fill(): Promise<void> {
    if (!this.engine.isRunning) await this.engine.start();
    await using client = await RpcClient.connect(this.url);
    const { sessions } = await client.request("session.list", {});
    const ids = new Set(sessions.map(({ sessionId }) => sessionId));
    for (const id of this.marks.keys()) if (!ids.has(id)) this.marks.delete(id);
    const missing = SESSIONS - this.marks.size;
    await Promise.all(Array.from({ length: missing }, async () => {
      const mark = crypto.randomUUID();
      const { sessionId } = await client.request("session.create", {
        language: "bash",
        files: { [MARK]: mark },
      });
      this.marks.set(sessionId, mark);
    }));
  }

  /** Ends the server, and starts another on what it left. */
  async replaceServer(
    signal: "SIGTERM" | "SIGKILL",
    whileDown: () => Promise<void>,
  ): Promise<Deno.CommandStatus> {
    const old = this.#server;
    const status = await old.stop(signal);
    try {
      await whileDown();
    } finally {
      this.#server = await startOn(this.engine, this.#dataDir);
      await old[Symbol.asyncDispose]();
    }
    return status;
  }

  /** Ids of all containers, whosever they are. */
  containers(): Promise<string[]> {
    return this.engine.lines("ps", "--all", "--quiet", "--no-trunc");
  }

  /** Names of all volumes that belong to servers. */
  volumes(): Promise<string[]> {
    return this.engine.lines("volume", "ls", "--quiet", "--filter", `label=${SERVER_LABEL}`);
  }

  /** What the server calls itself on the engine. */
  async serverId(): Promise<string> {
    const format = `{{.Label "${SERVER_LABEL}"}}`;
    const [id] = await this.engine.lines("ps", "--all", "--format", format);
    return id ?? "";
  }

  async [Symbol.asyncDispose](): Promise<void> {
    try {
      await this.#server[Symbol.asyncDispose]();
    } finally {
      await this.engine[Symbol.asyncDispose]();
      await Deno.remove(this.#dataDir, { recursive: true });
    }
  }
}

function startOn(engine: PrivateEngine, dataDir: string): Promise<ServerProcess> {
  return startServer({
    dataDir,
    env: {
      CODEBEAKER_DOCKER: "auto",
      CODEBEAKER_DOCKER_HOST: engine.address,
      CODEBEAKER_CONTAINER_SPARES: `${SPARES}`,
      CODEBEAKER_SPARES: "0",
    },
  });
}

let chaos: Chaos;
if (!requirement.ignore) {
  Deno.test.beforeAll(async () => {
    chaos = await Chaos.begin();
  });
  Deno.test.afterAll(async () => {
    await chaos?.[Symbol.asyncDispose]();
  });
}

for (const signal of ["SIGTERM", "SIGKILL"] as const) {
  Deno.test({
    ...requirement,
    name: `sessions go on after their engine had ${signal} and was started again`,
    async fn() {
      await chaos.fill();
      await using load = await Load.start(chaos.url, chaos.marks);
      await until(() => load.workingSince(0).size === SESSIONS, RECOVERY_MS, "the load");
      await chaos.engine.stop(signal);
      await using client = await RpcClient.connect(chaos.url);
      const { made, refusal } = await createUntilRefused(client);
      assertEquals(refusal.data.reason, "runtime_unavailable", refusal.message);
      assertMatch(refusal.message, ENGINE_AWAY);
      const isRefused = ({ kind, message }: LoadAnswer) =>
        kind === "refused" && ENGINE_AWAY.test(message);
      const told = () => new Set(load.answers.filter(isRefused).map((a) => a.sessionId));
      await until(() => told().size === SESSIONS, RECOVERY_MS, "all sessions to say so");

      await chaos.engine.start();
      await goesOn(load, chaos.marks.keys());
      const answers = await load.stop();

      assertEquals(load.closedSessions, new Map());
      assertEquals(load.answeredTwice, []);
      expectOnly(answers, {
        refused: (answer) => isRefused(answer),
        failed: isInterruption,
      });
      const { sessionId } = await client.request("session.create", { language: "bash" });
      for (const id of [...made, sessionId]) await tryOut(client, id);
      await nothingIsLeft(client);
    },
  });
}

Deno.test({
  ...requirement,
  name: "sessions whose containers are removed are closed, and no others",
  async fn() {
    await chaos.fill();
    await using load = await Load.start(chaos.url, chaos.marks);
    await until(() => load.workingSince(0).size === SESSIONS, RECOVERY_MS, "the load");
    await using client = await RpcClient.connect(chaos.url);
    const { sessions } = await client.request("session.list", {});
    const victims = shuffled(sessions).slice(0, 5);
    const gone = new Set(victims.map(({ sessionId }) => sessionId));
    await Promise.all(
      victims.map(({ containerId }) => chaos.engine.docker("rm", "--force", containerId)),
    );
    for (const id of gone) chaos.marks.delete(id);
    await until(() => load.closedSessions.size === gone.size, RECOVERY_MS, "sessions to be closed");
    await goesOn(load, chaos.marks.keys());
    const answers = await load.stop();

    const expected = new Map([...gone].map((id) => [id, "runtime_failure"]));
    assertEquals(
      [...load.closedSessions].toSorted(),
      [...expected].toSorted(),
    );
    assertEquals(load.answeredTwice, []);
    const isVictim = ({ sessionId }: LoadAnswer) => gone.has(sessionId);
    expectOnly(answers, {
      refused: (answer) =>
        isVictim(answer) && ["session_closed", "session_not_found"].includes(answer.reason),
      // What ran there at the moment.
      failed: (answer) => isVictim(answer) && ["session_lost", "signaled"].includes(answer.reason),
    });
    await nothingIsLeft(client);
  },
});

Deno.test({
  ...requirement,
  name: "commands fail when their agents are killed, and the next ones run",
  async fn() {
    await chaos.fill();
    await using load = await Load.start(chaos.url, chaos.marks);
    await until(() => load.workingSince(0).size === SESSIONS, RECOVERY_MS, "the load");
    await using client = await RpcClient.connect(chaos.url);
    const { sessions } = await client.request("session.list", {});
    const running = sessions.map(({ sessionId }) =>
      client.request("session.execute", {
        sessionId,
        command: { type: "execute_shell", commandName: "sh", args: ["-c", "echo up; sleep 60"] },
        concurrent: true,
        stream: true,
      })
    );
    await Promise.all(
      sessions.map(({ sessionId }) => client.nextNotification("session.output", sessionId)),
    );
    for (const { containerId } of sessions) await killAgents(containerId);
    for (const { success, status, error } of await Promise.all(running)) {
      assertEquals([success, status], [false, "session_lost"]);
      assertMatch(String(error), /the session and its files are still there/);
    }
    await goesOn(load, chaos.marks.keys());
    const answers = await load.stop();

    assertEquals(load.closedSessions, new Map());
    assertEquals(load.answeredTwice, []);
    expectOnly(answers, { failed: isInterruption });
    await nothingIsLeft(client);
  },
});

Deno.test({
  ...requirement,
  name: "sessions are there again after their server was killed, and nothing else is",
  async fn() {
    await chaos.fill();
    const load = await Load.start(chaos.url, chaos.marks);
    await using _load = load;
    await until(() => load.workingSince(0).size === SESSIONS, RECOVERY_MS, "the load");
    const maker = await RpcClient.connect(chaos.url);
    // Their containers are in the making when the server dies.
    const halfMade = Array.from(
      { length: 4 },
      () =>
        maker.call("session.create", { language: "bash" }).then(
          ({ result }) => result as { sessionId: string } | undefined,
          () => undefined,
        ),
    );
    const isMaking = async () => (await chaos.containers()).length > SESSIONS + SPARES;
    await until(isMaking, RECOVERY_MS, "containers in the making");
    await chaos.replaceServer("SIGKILL", async () => {
      // What a server that died earlier may have left behind.
      const label = `${SERVER_LABEL}=${await chaos.serverId()}`;
      await chaos.engine.docker("create", "--label", label, "--network=none", IMAGE, "true");
      await chaos.engine.docker("volume", "create", "--label", label);
    });
    const answers = await load.stop();
    expectOnly(answers, { closed: () => true });
    assertEquals(load.answeredTwice, []);
    assert(answers.some(({ kind }) => kind === "closed"), "it was killed under load");
    const made = (await Promise.all(halfMade)).flatMap((session) => session?.sessionId ?? []);
    await maker.closed;

    await using client = await RpcClient.connect(chaos.url);
    const { sessions } = await client.request("session.list", {});
    const found = sessions.map(({ sessionId }) => sessionId);
    // One that was made in the last moment may be there without its client having been told.
    for (const id of found) {
      if (!chaos.marks.has(id)) await client.request("session.close", { sessionId: id });
    }
    const lost = [...chaos.marks.keys(), ...made].filter((id) => !found.includes(id));
    assertEquals(lost, [], "every session that a client was told of is there");
    await using again = await Load.start(chaos.url, chaos.marks);
    await goesOn(again, chaos.marks.keys());
    expectOnly(await again.stop(), {});
    assertEquals(again.closedSessions, new Map());
    await nothingIsLeft(client);
  },
});

Deno.test({
  ...requirement,
  name: "a server that is stopped leaves nothing on its engine",
  async fn() {
    await chaos.fill();
    const { code } = await chaos.replaceServer("SIGTERM", async () => {
      assertEquals(await chaos.containers(), []);
      assertEquals(await chaos.volumes(), []);
    });
    assertEquals(code, 0, "it ended by itself");
    chaos.marks.clear();
  },
});

/** No command had another end than a right result or one of these. */
function expectOnly(
  answers: readonly LoadAnswer[],
  allowed: Partial<Record<LoadAnswer["kind"], (answer: LoadAnswer) => boolean>>,
): void {
  const unexpected = answers.filter((answer) =>
    answer.kind !== "ok" && allowed[answer.kind]?.(answer) !== true
  );
  assertEquals(unexpected, []);
}

/** A program, or a command on a file, that was under way when the agent was lost. */
function isInterruption({ reason, message }: LoadAnswer): boolean {
  return reason === "session_lost" && message.includes("The command was lost") ||
    message.startsWith("Interrupted: ");
}

/** Waits until every session has done what it was asked for, from now on. */
async function goesOn(load: Load, sessions: Iterable<string>): Promise<void> {
  const since = load.answers.length;
  const wanted = [...sessions];
  const missing = () => {
    const working = load.workingSince(since);
    return wanted.filter((id) => !working.has(id));
  };
  try {
    await until(() => missing().length === 0, RECOVERY_MS, "sessions to go on");
  } catch (cause) {
    const last = load.answers.filter(({ sessionId }) => sessionId === missing()[0]).at(-1);
    const message = `Sessions do not go on: ${missing().join(", ")}: ${JSON.stringify(last)}`;
    throw new Error(message, { cause });
  }
}

/** Waits until the engine has the containers of sessions and the spares, and nothing beside them. */
async function nothingIsLeft(client: RpcClient): Promise<void> {
  let seen: unknown;
  const isClean = async () => {
    const { sessions } = await client.request("session.list", {});
    const { runtimes } = await client.request("runtime.list", {});
    const spares = runtimes.find(({ name }) => name === "docker")?.details.spares as
      | { ready: number; starting: number }
      | undefined;
    const owned = new Set(sessions.map(({ containerId }) => containerId));
    const all = await chaos.containers();
    const volumes = await chaos.volumes();
    const others = all.filter((id) => !owned.has(id));
    seen = { spares, others, volumes };
    return all.length - others.length === owned.size && volumes.length === 0 &&
      spares !== undefined && spares.ready > 0 && spares.starting === 0 &&
      others.length === spares.ready;
  };
  try {
    await until(isClean, RECOVERY_MS, "the engine to be clean");
  } catch (cause) {
    throw new Error(`The engine is not clean: ${JSON.stringify(seen)}`, { cause });
  }
}

/** Creates sessions for as long as spares are given away, whose engine nobody knows to be gone. */
async function createUntilRefused(
  client: RpcClient,
): Promise<{ made: string[]; refusal: RpcCallError }> {
  const made: string[] = [];
  for (;;) {
    const { result, error } = await client.call("session.create", { language: "bash" });
    if (error !== undefined) return { made, refusal: new RpcCallError(error) };
    made.push((result as { sessionId: string }).sessionId);
    assert(made.length <= SPARES, "no session is made without an engine");
  }
}

/** Runs something in a session and closes it. */
async function tryOut(client: RpcClient, sessionId: string): Promise<void> {
  const command = { type: "execute_code" as const, code: "echo works" };
  const { result } = await client.request("session.execute", { sessionId, command });
  assertEquals(result, "works");
  await client.request("session.close", { sessionId });
}

/** Kills what our side of a container runs on, by its number on the machine. */
async function killAgents(containerId: string): Promise<void> {
  const rows = await chaos.engine.lines("top", containerId, "-eo", "pid,args");
  const pids = rows.filter((row) => row.includes(`${AGENT_DIRECTORY}/agent/main.`))
    .map((row) => Number(row.trim().split(/\s+/)[0]));
  assert(pids.length > 0, `an agent is running: ${rows.join("\n")}`);
  for (const pid of pids) Deno.kill(pid, "SIGKILL");
}

function shuffled<T>(items: readonly T[]): T[] {
  return items.map((item) => ({ item, order: Math.random() }))
    .toSorted((a, b) => a.order - b.order).map(({ item }) => item);
}
