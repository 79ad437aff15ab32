import { assert, assertEquals, assertMatch } from "@std/assert";
import { SERVER_LABEL } from "../../src/runtimes/docker/container_spec.ts";
import { requirement } from "../testutil/requirement.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { runProgram } from "../testutil/run_program.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { type ComposeService, parseCompose, runOptions, uncomment } from "./compose_file.ts";
import { docker, dockerWith } from "./docker_server.ts";
import { ServerImage } from "./server_image.ts";

const DEBIAN = "codebeaker-debian:bookworm";
const SERVER_UID = "10001";
const HEALTHY_MS = 60_000;

const text = await Deno.readTextFile(new URL("../../docker-compose.yml", import.meta.url));
const images = await dockerWith(DEBIAN, "codebeaker-python:latest");
const needs = images.ignore ? images : await requirement("registry");
const compose = await composeCommand();

Deno.test("docker-compose.yml opens the server to this machine only", () => {
  const { services, volumes, networks } = parseCompose(text);
  assertEquals(Object.keys(services), ["codebeaker"]);
  const { codebeaker } = services;
  for (const port of codebeaker!.ports!) assertMatch(port, /^127\.0\.0\.1:\d+:\d+$/);
  for (const volume of codebeaker!.volumes!) {
    const [source] = volume.split(":");
    assert(source === "/var/run/docker.sock" || source! in volumes, `${source} is declared`);
  }
  // Sessions with a network must not find the server in theirs.
  assertEquals(codebeaker!.networks, Object.keys(networks));
  assertEquals(codebeaker!["read_only"], true);
  assertEquals(codebeaker!["cap_drop"], ["ALL"]);
  assertEquals(codebeaker!["security_opt"], ["no-new-privileges:true"]);
});

Deno.test("docker-compose.yml has a proxy with TLS when its lines are uncommented", () => {
  const variables = {
    CODEBEAKER_ALLOWED_HOSTS: "sandbox.example.com",
    CODEBEAKER_API_KEYS: "app=secret",
    CODEBEAKER_INSECURE: "false",
  };
  const { services, volumes } = parseCompose(uncomment(text, "caddy"), variables);
  const { caddy, codebeaker } = services;
  assertEquals(Object.keys(volumes).toSorted(), ["caddy", "data"]);
  assertMatch(caddy!.command!, /--from "?sandbox\.example\.com"? --to codebeaker:5000$/);
  assertEquals(caddy!.networks, codebeaker!.networks);
  assert(!caddy!.volumes!.some((volume) => volume.includes("docker.sock")), "no engine for it");
  const { environment = {} } = codebeaker!;
  for (const [name, value] of Object.entries(variables)) assertEquals(environment[name], value);
});

Deno.test({
  name: "docker compose takes docker-compose.yml",
  ignore: compose === undefined,
  async fn() {
    const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    try {
      const file = `${directory}/docker-compose.yml`;
      for (const content of [text, uncomment(text, "caddy")]) {
        await Deno.writeTextFile(file, content);
        const [command, ...args] = [...compose!, "--file", file, "config", "--quiet"];
        const { code, stderr } = await runProgram(command!, args);
        assertEquals([code, stderr.trim()], [0, ""]);
      }
    } finally {
      await Deno.remove(directory, { recursive: true });
    }
  },
});

Deno.test({
  ...needs,
  name: "the server in a container drives containers beside it",
  async fn(t) {
    await using image = await ServerImage.build(DEBIAN);
    const { codebeaker } = parseCompose(text).services;
    await using deployment = await Deployment.begin(image.name, codebeaker!);
    let kept: { sessionId: string; containerId: string } | undefined;

    await t.step("it is small", async () => {
      const size = async (name: string) =>
        Number(await docker("image", "inspect", "--format", "{{.Size}}", name));
      const { size: deno } = await Deno.stat(Deno.execPath());
      const own = await size(image.name) - await size(DEBIAN) - deno;
      assert(own < 40e6, `beside Debian and Deno it has ${own} bytes`);
    });
    await t.step("whoever it is started as, it says who it is", async () => {
      for (const user of ["root", "12345:12345"]) {
        const args = ["--rm", "--read-only", "--user", user, image.name, "--version"];
        assertMatch(await docker("run", ...args), /^codebeaker \d/);
      }
    });
    await t.step("it becomes healthy", async () => {
      await deployment.start();
      await deployment.healthy();
    });
    await t.step("it is not root and has nothing but the socket's group", async () => {
      const { gid } = await Deno.stat("/var/run/docker.sock");
      const processes = await deployment.processes();
      const servers = processes.filter(({ command }) => command.includes("src/main.ts"));
      assertEquals(servers.length, 1, processes.map(({ command }) => command).join());
      const [server] = servers;
      assertEquals(server!.uids, Array(4).fill(SERVER_UID));
      assertEquals(server!.groups.toSorted(), [SERVER_UID, `${gid}`].toSorted());
      assertEquals([server!.capabilities, server!.noNewPrivileges], [0n, "1"]);
      for (const { uids, command } of processes) {
        // What collects processes is the engine's and stays root.
        assert(uids[0] === SERVER_UID || /init/.test(command), `${command} runs as ${uids[0]}`);
      }
    });
    await t.step("a Python session runs in a container beside it", async () => {
      await using client = await deployment.connect();
      const created = await client.request("session.create", {
        language: "python",
        files: { "kept.txt": "kept" },
      });
      kept = created;
      const { result } = await client.request("session.execute", {
        sessionId: created.sessionId,
        command: { type: "execute_code", code: "import sys; print(6 * 7, sys.version_info[0])" },
      });
      assertEquals(result, "42 3");
      assertEquals(await isRunning(created.containerId), true);
    });
    await t.step("a Deno session runs inside", async () => {
      await using client = await deployment.connect();
      await using session = await TestSession.open(client, {
        files: { "a.ts": "export default 7" },
      });
      assertEquals(await session.output(`import a from "./a.ts"; console.log(6 * a)`), "42");
      assertEquals(await session.output("console.log(Deno.readTextFileSync('a.ts').length)"), "16");
    });
    await t.step("it ends by itself and keeps its containers", async () => {
      assertEquals(await deployment.stop(), 0);
      assertEquals(await isRunning(kept!.containerId), true);
      assertEquals((await deployment.sessionContainers()).length, 1);
    });
    await t.step("the next one goes on with them", async () => {
      await deployment.start();
      await deployment.healthy();
      await using client = await deployment.connect();
      const { sessionId } = kept!;
      const command = { type: "read_file" as const, path: "kept.txt" };
      const { result } = await client.request("session.execute", { sessionId, command });
      assertEquals((result as { content: string }).content, "kept");
      await client.request("session.close", { sessionId });
    });
    await t.step("without that setting it leaves nothing", async () => {
      await deployment.stop();
      await deployment.start({ CODEBEAKER_KEEP_SESSIONS: "false" });
      await using client = await deployment.connect();
      await client.request("session.create", { language: "python" });
      assert((await deployment.sessionContainers()).length > 0);
      assertEquals(await deployment.stop(), 0);
      assertEquals(await deployment.sessionContainers(), []);
    });
  },
});

/** The server as the compose file has it, but with names, a volume, a network and a port of its own. */
class Deployment implements AsyncDisposable {
  readonly #image: string;
  readonly #service: ComposeService;
  readonly #name = `codebeaker-test-${crypto.randomUUID().slice(0, 8)}`;
  #port = 0;
  #serverId: string | undefined;

  private constructor(image: string, service: ComposeService) {
    this.#image = image;
    this.#service = service;
  }

  static async begin(image: string, service: ComposeService): Promise<Deployment> {
    const deployment = new Deployment(image, service);
    const name = deployment.#name;
    try {
      await docker("network", "create", name);
      // One that root has written to already.
      const volume = ["--volume", `${name}:/data`];
      await docker("run", "--rm", "--network=none", ...volume, DEBIAN, "touch", "/data/from-root");
      return deployment;
    } catch (error) {
      await deployment[Symbol.asyncDispose]();
      throw error;
    }
  }

  async start(env: Readonly<Record<string, string>> = {}): Promise<void> {
    const { environment, volumes = [], ports = [] } = this.#service;
    const service = { ...this.#service, environment: { ...environment, ...env } };
    await docker(
      ...["run", "--detach", "--name", this.#name, "--network", this.#name],
      ...runOptions(service),
      ...volumes.flatMap((volume) => ["--volume", volume.replace(/^data:/, `${this.#name}:`)]),
      // Any free port of the address.
      ...ports.flatMap((port) => ["--publish", port.replace(/:\d+:/, "::")]),
      // Sooner than usual.
      ...["--health-interval", "1s"],
      this.#image,
    );
    const published = await docker("port", this.#name, "5000");
    assertMatch(published, /^127\.0\.0\.1:\d+$/, "nobody else is let in");
    this.#port = Number(published.split(":").at(-1));
    try {
      await until(() => this.#answers(), HEALTHY_MS, "the server to answer");
    } catch (cause) {
      throw new Error(`The server does not answer: ${await this.#log()}`, { cause });
    }
    const user = ["--user", SERVER_UID];
    this.#serverId ??= await docker("exec", ...user, this.#name, "cat", "/data/server-id");
  }

  async healthy(): Promise<void> {
    const isHealthy = async () =>
      await docker("inspect", "--format", "{{.State.Health.Status}}", this.#name) === "healthy";
    try {
      await until(isHealthy, HEALTHY_MS, "the container to be healthy");
    } catch (cause) {
      const health = await docker("inspect", "--format", "{{json .State.Health}}", this.#name);
      throw new Error(`It is not healthy: ${health}\n${await this.#log()}`, { cause });
    }
  }

  connect(): Promise<RpcClient> {
    return RpcClient.connect(`ws://127.0.0.1:${this.#port}/ws/jsonrpc`);
  }

  /** What runs in the container, but for what looks. */
  async processes(): Promise<Process[]> {
    const script = "for p in /proc/[0-9]*; do tr '\\0' ' ' <$p/cmdline && echo && " +
      "grep -E '^(Uid|Groups|CapEff|NoNewPrivs):' $p/status && echo ---; done 2>/dev/null; true";
    const output = await docker("exec", this.#name, "sh", "-c", script);
    return output.split("---\n").flatMap((part) => {
      const [command = "", ...fields] = part.trimStart().split("\n");
      if (command.trim() === "" || command.includes("/proc/")) return [];
      const field = (name: string) =>
        fields.find((line) => line.startsWith(name))?.split(":")[1]?.trim() ?? "";
      return [{
        command,
        uids: field("Uid").split(/\s+/),
        groups: field("Groups").split(/\s+/).filter((group) => group !== ""),
        capabilities: BigInt(`0x${field("CapEff") || "0"}`),
        noNewPrivileges: field("NoNewPrivs"),
      }];
    });
  }

  /** Stops it and removes the container; returns its exit code. */
  async stop(): Promise<number> {
    await docker("stop", this.#name);
    const code = await docker("inspect", "--format", "{{.State.ExitCode}}", this.#name);
    await docker("rm", this.#name);
    return Number(code);
  }

  /** Containers that this server has made. */
  async sessionContainers(): Promise<string[]> {
    if (this.#serverId === undefined) return [];
    const filter = `label=${SERVER_LABEL}=${this.#serverId}`;
    const ids = await docker("ps", "--all", "--quiet", "--filter", filter);
    return ids === "" ? [] : ids.split("\n");
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const left = await this.sessionContainers().catch(() => []);
    for (const id of [this.#name, ...left]) await runProgram("docker", ["rm", "--force", id]);
    await runProgram("docker", ["volume", "rm", "--force", this.#name]);
    await runProgram("docker", ["network", "rm", this.#name]);
  }

  async #answers(): Promise<boolean> {
    try {
      const response = await fetch(`http://127.0.0.1:${this.#port}/health/live`);
      await response.body?.cancel();
      return response.ok;
    } catch {
      return false;
    }
  }

  async #log(): Promise<string> {
    const { stdout, stderr } = await runProgram("docker", ["logs", "--tail", "40", this.#name]);
    return stdout + stderr;
  }
}

interface Process {
  readonly command: string;
  readonly uids: string[];
  readonly groups: string[];
  readonly capabilities: bigint;
  readonly noNewPrivileges: string;
}

async function isRunning(containerId: string): Promise<boolean> {
  return await docker("inspect", "--format", "{{.State.Running}}", containerId) === "true";
}

/** How compose is called here, if it is there. */
async function composeCommand(): Promise<string[] | undefined> {
  for (const command of [["docker", "compose"], ["docker-compose"]]) {
    const [program, ...args] = command;
    const { code } = await runProgram(program!, [...args, "version"]);
    if (code === 0) return command;
  }
}
