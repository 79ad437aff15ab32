import { assertEquals, assertRejects } from "@std/assert";
import { archiveGet } from "../../../../src/runtimes/docker/engine/archive_get.ts";
import { archivePut } from "../../../../src/runtimes/docker/engine/archive_put.ts";
import { archiveStat } from "../../../../src/runtimes/docker/engine/archive_stat.ts";
import { containerCreate } from "../../../../src/runtimes/docker/engine/container_create.ts";
import { containerInspect } from "../../../../src/runtimes/docker/engine/container_inspect.ts";
import { containerKill } from "../../../../src/runtimes/docker/engine/container_kill.ts";
import { containerList } from "../../../../src/runtimes/docker/engine/container_list.ts";
import { containerRemove } from "../../../../src/runtimes/docker/engine/container_remove.ts";
import { containerRestart } from "../../../../src/runtimes/docker/engine/container_restart.ts";
import { containerStart } from "../../../../src/runtimes/docker/engine/container_start.ts";
import { containerUpdate } from "../../../../src/runtimes/docker/engine/container_update.ts";
import type { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { engineInfo } from "../../../../src/runtimes/docker/engine/engine_info.ts";
import { enginePing } from "../../../../src/runtimes/docker/engine/engine_ping.ts";
import { engineVersion } from "../../../../src/runtimes/docker/engine/engine_version.ts";
import { execCreate } from "../../../../src/runtimes/docker/engine/exec_create.ts";
import { execInspect } from "../../../../src/runtimes/docker/engine/exec_inspect.ts";
import { execResize } from "../../../../src/runtimes/docker/engine/exec_resize.ts";
import { execStart } from "../../../../src/runtimes/docker/engine/exec_start.ts";
import { imageBuild } from "../../../../src/runtimes/docker/engine/image_build.ts";
import { imageImport } from "../../../../src/runtimes/docker/engine/image_import.ts";
import { imageInspect } from "../../../../src/runtimes/docker/engine/image_inspect.ts";
import { imageList } from "../../../../src/runtimes/docker/engine/image_list.ts";
import { imagePull } from "../../../../src/runtimes/docker/engine/image_pull.ts";
import { imageRemove } from "../../../../src/runtimes/docker/engine/image_remove.ts";
import { imageTag } from "../../../../src/runtimes/docker/engine/image_tag.ts";
import { volumeCreate } from "../../../../src/runtimes/docker/engine/volume_create.ts";
import { volumeInspect } from "../../../../src/runtimes/docker/engine/volume_inspect.ts";
import { volumeList } from "../../../../src/runtimes/docker/engine/volume_list.ts";
import { volumeRemove } from "../../../../src/runtimes/docker/engine/volume_remove.ts";
import { FakeEngine } from "./fake_engine.ts";
import type { FakeExchange } from "./fake_exchange.ts";
import { bytes, readText } from "./streams.ts";

const DIGEST = `sha256:${"a".repeat(64)}`;
const STAT = { name: "x", size: 3, mode: 0o644, mtime: "2024-01-01T00:00:00Z", linkTarget: "" };
const STAT_HEADER = { "X-Docker-Container-Path-Stat": btoa(JSON.stringify(STAT)) };
const FILTERS = { label: ["a=b"] };
const FILTERS_SENT = "filters=%7B%22label%22%3A%5B%22a%3Db%22%5D%7D";

interface Case {
  call: (engine: EngineClient) => Promise<unknown>;
  /** Method, path without version, and query. */
  sends: string;
  body?: unknown;
  /** What the engine answers; a status of 204 without it. */
  answer?: unknown;
  headers?: Record<string, string>;
  gives?: unknown;
}

const tar = () => ReadableStream.from([bytes("tar")]);
const all = async (stream: ReadableStream<unknown>) => await Array.fromAsync(stream);

const CASES: Record<string, Case> = {
  enginePing: { call: enginePing, sends: "GET /_ping" },
  engineVersion: {
    call: engineVersion,
    sends: "GET /version",
    answer: { Os: "x" },
    gives: { Os: "x" },
  },
  engineInfo: { call: engineInfo, sends: "GET /info", answer: { NCPU: 2 }, gives: { NCPU: 2 } },
  containerCreate: {
    call: (engine) =>
      containerCreate(engine, { name: "n m", Image: "i", HostConfig: { Memory: 1 } }),
    sends: "POST /containers/create?name=n+m",
    body: { Image: "i", HostConfig: { Memory: 1 } },
    answer: { Id: "1", Warnings: [] },
    gives: { Id: "1", Warnings: [] },
  },
  "containerCreate without a name": {
    call: (engine) => containerCreate(engine, { Image: "i" }),
    sends: "POST /containers/create",
    body: { Image: "i" },
    answer: { Id: "1", Warnings: null },
    gives: { Id: "1", Warnings: null },
  },
  containerStart: {
    call: (engine) => containerStart(engine, "c"),
    sends: "POST /containers/c/start",
  },
  containerInspect: {
    call: (engine) => containerInspect(engine, "c", { size: true }),
    sends: "GET /containers/c/json?size=1",
    answer: { Id: "c" },
    gives: { Id: "c" },
  },
  containerList: {
    call: (engine) => containerList(engine, { all: true, filters: FILTERS }),
    sends: `GET /containers/json?all=1&${FILTERS_SENT}`,
    answer: [{ Id: "c" }],
    gives: [{ Id: "c" }],
  },
  containerUpdate: {
    call: (engine) => containerUpdate(engine, "c", { Memory: 5 }),
    sends: "POST /containers/c/update",
    body: { Memory: 5 },
    answer: { Warnings: null },
    gives: { Warnings: null },
  },
  containerKill: {
    call: (engine) => containerKill(engine, "c"),
    sends: "POST /containers/c/kill?signal=SIGKILL",
  },
  "containerKill with a signal": {
    call: (engine) => containerKill(engine, "c", { killSignal: "SIGINT" }),
    sends: "POST /containers/c/kill?signal=SIGINT",
  },
  containerRestart: {
    call: (engine) => containerRestart(engine, "c"),
    sends: "POST /containers/c/restart?t=0",
  },
  containerRemove: {
    call: (engine) => containerRemove(engine, "c", { force: true, volumes: true }),
    sends: "DELETE /containers/c?force=1&v=1",
  },
  archiveStat: {
    call: (engine) => archiveStat(engine, "c", "/a b"),
    sends: "HEAD /containers/c/archive?path=%2Fa+b",
    headers: STAT_HEADER,
    gives: { ...STAT, type: "file" },
  },
  archiveGet: {
    call: async (engine) => {
      const { stat, body } = await archiveGet(engine, "c", "/x");
      return [stat.name, await readText(body)];
    },
    sends: "GET /containers/c/archive?path=%2Fx",
    headers: STAT_HEADER,
    answer: 7,
    gives: ["x", "7"],
  },
  archivePut: {
    call: (engine) => archivePut(engine, "c", "/x", tar(), { noOverwriteDirNonDir: true }),
    sends: "PUT /containers/c/archive?path=%2Fx&noOverwriteDirNonDir=1",
    body: "tar",
  },
  execCreate: {
    call: (engine) => execCreate(engine, "c", { Cmd: ["a"], Tty: true }),
    sends: "POST /containers/c/exec",
    body: { Cmd: ["a"], Tty: true },
    answer: { Id: "e" },
    gives: { Id: "e" },
  },
  execStart: {
    call: async (engine) => {
      using connection = await execStart(engine, "e", { tty: true });
      return new TextDecoder().decode((await connection.read())!);
    },
    sends: "POST /exec/e/start",
    body: { Detach: false, Tty: true },
    answer: "output",
    gives: '"output"',
  },
  execInspect: {
    call: (engine) => execInspect(engine, "e"),
    sends: "GET /exec/e/json",
    answer: { ExitCode: null },
    gives: { ExitCode: null },
  },
  execResize: {
    call: (engine) => execResize(engine, "e", { rows: 3, columns: 4 }),
    sends: "POST /exec/e/resize?h=3&w=4",
  },
  imageInspect: {
    call: (engine) => imageInspect(engine, "host:1/a/b:t"),
    sends: "GET /images/host%3A1%2Fa%2Fb%3At/json",
    answer: { Id: "i" },
    gives: { Id: "i" },
  },
  imageList: {
    call: (engine) => imageList(engine, { filters: FILTERS }),
    sends: `GET /images/json?${FILTERS_SENT}`,
    answer: [],
    gives: [],
  },
  imagePull: {
    call: async (engine) =>
      await all(await imagePull(engine, "host:1/a", { platform: "linux/arm64" })),
    sends: "POST /images/create?fromImage=host%3A1%2Fa&tag=latest&platform=linux%2Farm64",
    answer: { status: "Pulling" },
    gives: [{ status: "Pulling" }],
  },
  "imagePull with a tag": {
    call: async (engine) => await all(await imagePull(engine, "a/b:1.2")),
    sends: "POST /images/create?fromImage=a%2Fb&tag=1.2",
    answer: {},
    gives: [{}],
  },
  "imagePull with a digest": {
    call: async (engine) => await all(await imagePull(engine, `a:1@${DIGEST}`)),
    sends: `POST /images/create?fromImage=a%3A1&tag=${encodeURIComponent(DIGEST)}`,
    answer: {},
    gives: [{}],
  },
  imageBuild: {
    call: async (engine) =>
      await all(
        await imageBuild(engine, tar(), {
          tags: ["a:1", "b:2"],
          dockerfile: "D",
          target: "s",
          buildArgs: { x: "1" },
          labels: { l: "2" },
          noCache: true,
          pull: true,
          networkMode: "none",
        }),
      ),
    sends: "POST /build?t=a%3A1&t=b%3A2&dockerfile=D&target=s&buildargs=%7B%22x%22%3A%221%22%7D" +
      "&labels=%7B%22l%22%3A%222%22%7D&nocache=1&pull=1&networkmode=none&forcerm=1",
    body: "tar",
    answer: { stream: "Step" },
    gives: [{ stream: "Step" }],
  },
  imageImport: {
    call: (engine) =>
      imageImport(engine, tar(), { repo: "r", tag: "t", changes: ["CMD a", "USER b"] }),
    sends: "POST /images/create?fromSrc=-&repo=r&tag=t&changes=CMD+a&changes=USER+b",
    body: "tar",
    answer: { status: DIGEST },
    gives: DIGEST,
  },
  "imageImport without a name": {
    call: (engine) => imageImport(engine, tar()),
    sends: "POST /images/create?fromSrc=-",
    body: "tar",
    answer: { status: DIGEST },
    gives: DIGEST,
  },
  imageTag: {
    call: (engine) => imageTag(engine, "i", { repo: "a/b", tag: "t" }),
    sends: "POST /images/i/tag?repo=a%2Fb&tag=t",
  },
  imageRemove: {
    call: (engine) => imageRemove(engine, "i", { force: true, noPrune: true }),
    sends: "DELETE /images/i?force=1&noprune=1",
    answer: [{ Deleted: "i" }],
    gives: [{ Deleted: "i" }],
  },
  volumeCreate: {
    call: (engine) => volumeCreate(engine, { Name: "v", Labels: { a: "b" } }),
    sends: "POST /volumes/create",
    body: { Name: "v", Labels: { a: "b" } },
    answer: { Name: "v" },
    gives: { Name: "v" },
  },
  volumeInspect: {
    call: (engine) => volumeInspect(engine, "v"),
    sends: "GET /volumes/v",
    answer: { Name: "v" },
    gives: { Name: "v" },
  },
  volumeList: {
    call: (engine) => volumeList(engine, { filters: FILTERS }),
    sends: `GET /volumes?${FILTERS_SENT}`,
    answer: { Volumes: [{ Name: "v" }] },
    gives: [{ Name: "v" }],
  },
  "volumeList of none": {
    call: (engine) => volumeList(engine),
    sends: "GET /volumes",
    answer: { Volumes: null },
    gives: [],
  },
  volumeRemove: {
    call: (engine) => volumeRemove(engine, "v", { force: true }),
    sends: "DELETE /volumes/v?force=1",
  },
};

function bodyOf(text: string): unknown {
  if (text === "") return undefined;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

for (const [name, { call, sends, body, answer, headers = {}, gives }] of Object.entries(CASES)) {
  const [endpoint, ...how] = name.split(" ");
  Deno.test([`${endpoint}() sends its call and reads the answer`, ...how].join(" "), async () => {
    let got: unknown;
    const handler = async (exchange: FakeExchange) => {
      got = bodyOf(new TextDecoder().decode(await exchange.bytes()));
      const text = answer === undefined ? "" : JSON.stringify(answer);
      // A hijacked connection sees its end when the engine closes it.
      if (endpoint === "execStart") exchange.close();
      const status = answer === undefined && exchange.method !== "HEAD" ? 204 : 200;
      await exchange.respond(status, text, { ...headers, "Api-Version": "1.41" });
    };
    const [method, path] = sends.split(/[ ?]/);
    await using fake = await FakeEngine.start({ [`${method} ${path}`]: handler });
    using engine = await fake.client();
    assertEquals(await call(engine), gives);
    assertEquals(fake.log.at(-1)?.replace("/v1.41", ""), sends);
    assertEquals(got, body);
  });
}

Deno.test("containerStart() leaves a container that runs as it is", async () => {
  await using fake = await FakeEngine.start({
    "POST /containers/c/start": (exchange) => exchange.respond(304),
  });
  using engine = await fake.client();
  await containerStart(engine, "c");
});

Deno.test("containerRemove() counts what is gone or going as done, and nothing else", async () => {
  let answer: [number, string] = [204, ""];
  await using fake = await FakeEngine.start({
    "DELETE /containers/c": (exchange) => exchange.json(answer[0], { message: answer[1] }),
  });
  using engine = await fake.client();
  answer = [404, "No such container: c"];
  await containerRemove(engine, "c");
  answer = [409, "removal of container c is already in progress"];
  await containerRemove(engine, "c");
  answer = [409, "You cannot remove a running container c"];
  const error = await assertRejects(() => containerRemove(engine, "c"), EngineError, "running");
  assertEquals(error.kind, "conflict");
  answer = [500, "already in progress"];
  await assertRejects(() => containerRemove(engine, "c"), EngineError);
});

Deno.test("archiveGet() gives up a body that it cannot describe", async () => {
  await using fake = await FakeEngine.start({
    "GET /containers/c/archive": (exchange) => exchange.respond(200, "tar"),
  });
  using engine = await fake.client();
  await assertRejects(
    () => archiveGet(engine, "c", "/x"),
    EngineError,
    "does not describe the path",
  );
});

Deno.test("imagePull() sends who pulls", async () => {
  await using fake = await FakeEngine.start({
    "POST /images/create": async (exchange) => {
      const auth = exchange.headers.get("x-registry-auth") ?? "";
      const text = new TextDecoder().decode(Uint8Array.fromBase64(auth, { alphabet: "base64url" }));
      assertEquals(JSON.parse(text), { username: "ü>?", password: "p" });
      await exchange.respond(200);
    },
  });
  using engine = await fake.client();
  assertEquals(
    await all(await imagePull(engine, "a", { auth: { username: "ü>?", password: "p" } })),
    [],
  );
});

Deno.test("imageImport() is not content without an id", async () => {
  await using fake = await FakeEngine.start({
    "POST /images/create": (exchange) => exchange.respond(200, '{"status":"Importing"}\n'),
  });
  using engine = await fake.client();
  await assertRejects(() => imageImport(engine, tar()), EngineError, "did not answer with an id");
});

Deno.test("endpoints pass on their caller's signal and time, and their defaults give way", async () => {
  await using fake = await FakeEngine.start({
    "POST /containers/c/start": (exchange) => exchange.closedByClient(),
  });
  using engine = await fake.client();
  const late = containerStart(engine, "c", { timeoutMs: 40 });
  await assertRejects(
    () => late,
    EngineError,
    'Cannot start container "c": the Docker engine did not',
  );
  const signal = AbortSignal.abort(new URIError("mine"));
  await assertRejects(() => containerStart(engine, "c", { signal }), URIError, "mine");
});
