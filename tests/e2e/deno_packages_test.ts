import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { CellResult } from "../../src/protocol/contexts.ts";
import type { MethodInput } from "../../src/protocol/methods.ts";
import { NpmRegistryServer, type PublishedPackage } from "../testutil/npm_registry_server.ts";
import { descendants, survivors } from "../testutil/process_tree.ts";
import { requirement } from "../testutil/requirement.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { type ServerProcess, startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";

const confined = await requirement("bubblewrap");
const MIB = 1024 * 1024;
const PACKAGES: readonly PublishedPackage[] = [
  {
    name: "beaker-one",
    version: "1.0.0",
    files: { "index.js": 'export const word = "one";', "index.d.ts": "export const word: string;" },
    manifest: { exports: { ".": { types: "./index.d.ts", default: "./index.js" } } },
  },
  {
    name: "beaker-one",
    version: "2.0.0",
    files: {
      "index.js": 'export { two } from "beaker-two"; export const word = "one of two";',
      "deep.js": 'export const deep = "deep";',
    },
    manifest: {
      exports: { ".": "./index.js", "./deep": "./deep.js" },
      bin: { "beaker-one": "./index.js" },
      dependencies: { "beaker-two": "^1.0.0" },
      scripts: { postinstall: "echo ran > /workspace/ran.txt; echo ran > ran.txt" },
    },
  },
  {
    name: "beaker-two",
    version: "1.1.0",
    files: { "index.cjs": 'exports.two = "two";' },
    manifest: { main: "./index.cjs" },
  },
  {
    name: "@beaker/scoped",
    version: "3.0.0",
    files: { "index.js": "export default 3;" },
    manifest: { exports: "./index.js" },
  },
  {
    name: "beaker-links",
    version: "1.0.0",
    files: { "index.js": "export default 1;" },
    manifest: { exports: "./index.js" },
    extra: [
      { type: "symlink", name: "package/passwd", linkName: "/etc/passwd" },
      { type: "symlink", name: "package/up", linkName: "../../.." },
    ],
  },
  {
    name: "beaker-escape",
    version: "1.0.0",
    files: {},
    extra: [{
      type: "file",
      name: "package/../../../../escaped.txt",
      content: new TextEncoder().encode("x"),
    }],
  },
  { name: "beaker-slow", version: "1.0.0", files: {}, endless: true },
  {
    name: "beaker-large",
    version: "1.0.0",
    files: Object.fromEntries(
      Array.from({ length: 12 }, (_, index) => [`${index}.bin`, new Uint8Array(MIB)]),
    ),
  },
];

interface Place {
  readonly registry: NpmRegistryServer;
  readonly server: ServerProcess;
  readonly client: RpcClient;
  open(params?: Partial<MethodInput<"session.create">>): Promise<TestSession>;
}

const running: { registry?: NpmRegistryServer; server?: ServerProcess } = {};

Deno.test.beforeAll(async () => {
  const registry = await NpmRegistryServer.start(PACKAGES);
  Object.assign(running, { registry });
  const env = { CODEBEAKER_NPM_REGISTRY: registry.url, CODEBEAKER_DENO_DENY_NET: "" };
  running.server = await startServer({ env });
});

Deno.test.afterAll(async () => {
  await running.server?.[Symbol.asyncDispose]();
  await running.registry?.[Symbol.asyncDispose]();
});

function testPackages(name: string, test: (place: Place) => Promise<void>): void {
  Deno.test({
    ...confined,
    name: `install_packages in a Deno session ${name}`,
    async fn() {
      const { registry, server } = running;
      assert(registry !== undefined && server !== undefined);
      await using client = await RpcClient.connect(server.wsUrl);
      const open = (params: Partial<MethodInput<"session.create">> = {}) =>
        TestSession.open(client, {
          runtime: "deno",
          permissions: { allowNet: [registry.host] },
          ...params,
        });
      await test({ registry, server, client, open });
    },
  });
}

function install(session: TestSession, ...packages: string[]): Promise<CommandEnvelope> {
  return session.execute({ type: "install_packages", packages });
}

async function installed(session: TestSession, ...packages: string[]): Promise<void> {
  const { success, error, result } = await install(session, ...packages);
  assert(success, `${error}\n${JSON.stringify(result)}`);
}

testPackages("streams what it does, for the code that follows", async ({ client, open }) => {
  await using session = await open();
  const packages = ["beaker-one", "npm:@beaker/scoped@^3"];
  const answer = await session.execute({ type: "install_packages", packages }, { stream: true });
  const result = answer.result as CommandResults["install_packages"];
  assert(answer.success, JSON.stringify(answer));
  assertEquals([result.exitCode, result.packages], [0, packages]);
  assertStringIncludes(result.stderr + result.stdout, "beaker-one");
  assert(client.notifications("session.output").length > 0);
  const code = `
    import { two, word } from "beaker-one";
    import { word as same } from "npm:beaker-one";
    import { deep } from "npm:beaker-one@2/deep";
    import scoped from "@beaker/scoped";
    import { createRequire } from "node:module";
    const required = createRequire(import.meta.url)("beaker-two");
    console.log(word, word === same, deep, two, scoped, required.two);`;
  const expected = "one of two true deep two 3 two";
  // Spares too, which are started for the next run.
  for (let run = 0; run < 4; run++) assertEquals(await session.output(code), expected);
  const js = { language: "javascript" } as const;
  for (let run = 0; run < 2; run++) assertEquals(await session.output(code, js), expected);
});

testPackages("serves programs and contexts too", async ({ client, open }) => {
  await using session = await open();
  const cell = async (code: string, context = "default") => {
    const answer = await session.execute({ type: "execute_code", code, context });
    assert(answer.success, `${answer.error}\n${JSON.stringify(answer.result)}`);
    return (answer.result as CellResult).results.at(-1)?.["text/plain"];
  };
  assertEquals(await cell("const kept = 1; kept"), "1");
  await installed(session, "beaker-one@1", "@beaker/scoped");
  await client.request("context.restart", { sessionId: session.id, contextId: "default" });
  assertEquals(await cell('import { word } from "beaker-one"; word'), '"one"');
  assertEquals(await cell('(await import("npm:@beaker/scoped")).default'), "3");
  await session.write("sub/main.ts", 'import { word } from "beaker-one"; console.log(word);');
  const run = await session.shell("deno", ["run", "main.ts"], { workingDirectory: "sub" });
  assertEquals((run.result as { stdout: string }).stdout, "one\n", JSON.stringify(run));
  const check = await session.shell("deno", ["check", "sub/main.ts"]);
  assert(check.success, JSON.stringify(check));
  await session.write("sub/bad.ts", 'import { word } from "beaker-one"; word.none;');
  const bad = await session.shell("deno", ["check", "sub/bad.ts"]);
  assertStringIncludes(JSON.stringify(bad.result), "does not exist on type 'string'");
  await session.write("sub/a_test.ts", 'import "beaker-one"; Deno.test("a", () => {});');
  assert((await session.shell("deno", ["test", "sub/a_test.ts"])).success);
});

testPackages("keeps what is there, and extends it", async ({ open, registry }) => {
  await using session = await open();
  await installed(session, "beaker-one@1");
  await session.write("node_modules/own/index.js", "export default 'own';");
  await session.write("node_modules/@beaker/own/index.js", "export default 'scoped';");
  await session.write("node_modules/beaker-one/extra.txt", "changed");
  await installed(session, "@beaker/scoped");
  const code = (own: string) => `
    import { word } from "beaker-one"; import scoped from "@beaker/scoped";
    import own from "own"; import more from "@beaker/own"; console.log(word, scoped, own, more);
    ${own}`;
  assertEquals(await session.output(code("")), "one 3 own scoped");
  await installed(session, "beaker-one@2");
  assertEquals(await session.output(code("")), "one of two 3 own scoped");
  const files = await session.execute({ type: "list_directory", path: "/workspace" });
  const entries = (files.result as CommandResults["list_directory"]).entries;
  assertEquals(entries.map(({ name }) => name), ["node_modules"]);
  const failure = await install(session, "beaker-none");
  assertEquals([failure.success, failure.status], [false, "nonzero_exit"]);
  assertStringIncludes(failure.error ?? "", "beaker-none");
  assertEquals(await session.output(code("")), "one of two 3 own scoped");
  assert(registry.requests.includes("beaker-none"));
});

testPackages("runs no scripts and brings no links", async ({ open }) => {
  await using session = await open();
  await installed(session, "beaker-one@2", "beaker-links");
  assertEquals((await install(session, "beaker-escape")).status, "nonzero_exit");
  const names = async (path: string) => {
    const { result } = await session.execute({ type: "list_directory", path, depth: 5 });
    return (result as CommandResults["list_directory"]).entries;
  };
  const entries = await names("node_modules");
  assertEquals(entries.filter(({ type }) => type !== "file" && type !== "directory"), []);
  const texts = (await names("/workspace")).map((entry) => JSON.stringify(entry)).join();
  for (const word of ["ran.txt", "escaped", "passwd", ".bin", "deno.lock"]) {
    assert(!texts.includes(word), word);
  }
});

testPackages("takes nothing from what code wrote", async ({ open, registry }) => {
  await using session = await open();
  const elsewhere = "registry=http://127.0.0.1:9/\n";
  await session.write(".npmrc", elsewhere);
  await session.write("package.json", '{"dependencies":{"beaker-none":"1"}}');
  await session.write("deno.json", '{"imports":{"beaker-one":"npm:beaker-none"}}');
  await session.write("node_modules", "a file");
  await installed(session, "beaker-one@1");
  assertEquals(
    await session.output('import { word } from "beaker-one"; console.log(word);'),
    "one",
  );
  assertEquals(await session.read(".npmrc"), elsewhere);
  assert(registry.requests.length > 0);
});

testPackages("does not widen what code may do", async ({ open, registry }) => {
  await using session = await open();
  await installed(session, "beaker-two");
  const before = registry.requests.length;
  const missing = await session.output(`
    try { await import("npm:" + "beaker-one"); } catch (error) { console.log(error.message); }`);
  assertStringIncludes(missing, "Could not find a matching package");
  assertEquals(registry.requests.length, before);
  const code = `
    const failures = [];
    for (const specifier of ["beaker-two/../../../etc/hostname", "/etc/hosts"]) {
      try { await import(specifier, { with: { type: "text" } }); } catch { failures.push(1); }
    }
    try { Deno.readTextFileSync("/etc/passwd"); } catch (error) { failures.push(error.name); }
    try { await fetch("http://127.0.0.2:8080/"); } catch (error) { failures.push(error.name); }
    console.log(failures.slice(-2).join());`;
  assertEquals(await session.output(code), "NotCapable,NotCapable");
});

Deno.test({
  ...confined,
  name: "install_packages in a Deno session asks the registry only, whatever a package wants",
  async fn() {
    await using other = await NpmRegistryServer.start([]);
    const packages = ["http:", "git+http:"].map((scheme, index) => ({
      name: `beaker-far-${index}`,
      version: "1.0.0",
      files: {},
      manifest: { dependencies: { far: `${scheme}//${other.host}/far.tgz` } },
    }));
    await using registry = await NpmRegistryServer.start(packages);
    await using server = await startServer({ env: { CODEBEAKER_NPM_REGISTRY: registry.url } });
    await using client = await RpcClient.connect(server.wsUrl);
    const permissions = { allowNet: [registry.host] };
    await using session = await TestSession.open(client, { runtime: "deno", permissions });
    for (const { name } of packages) {
      assertEquals((await install(session, name)).status, "nonzero_exit");
    }
    assertEquals(other.requests, []);
  },
});

testPackages("says what to grant", async ({ open, registry }) => {
  const ask = async (permissions: MethodInput<"session.create">["permissions"]) => {
    await using session = await open({ permissions });
    const { status, error, success } = await install(session, "beaker-two");
    assertEquals([status, success], ["not_started", false]);
    return error ?? "";
  };
  const hint = `"allowNet": ["${registry.host}"]`;
  assertStringIncludes(await ask({}), hint);
  assertStringIncludes(await ask({ allowNet: ["example.com"] }), hint);
  assertStringIncludes(await ask({ allowNet: ["127.0.0.1:1"] }), hint);
  for (const allowNet of [true, ["127.0.0.1"]]) {
    await using session = await open({ permissions: { allowNet } });
    await installed(session, "beaker-two");
  }
});

testPackages(
  "ends with its tree, and leaves nothing",
  async ({ client, open, registry, server }) => {
    await using session = await open();
    const isAsked = () => registry.requests.some((path) => path.endsWith("beaker-slow-1.0.0.tgz"));
    const before = await descendants(server.pid);
    const installing = session.execute({ type: "install_packages", packages: ["beaker-slow"] }, {});
    await until(isAsked, 20_000, "the installer to ask for the package");
    const running = await descendants(server.pid);
    const known = new Set(before.map(({ pid }) => pid));
    const bubblewrap = running.filter(({ pid, name }) => !known.has(pid) && name === "bwrap");
    assert(bubblewrap.length > 0);
    await client.request("session.cancel", { sessionId: session.id });
    assertEquals((await installing).status, "cancelled");
    await until(
      async () => (await survivors(bubblewrap)).length === 0,
      10_000,
      "the installer to end",
    );
    const timedOut = await session.execute(
      { type: "install_packages", packages: ["beaker-slow"] },
      { timeoutMs: 1500 },
    );
    assertEquals(timedOut.status, "timeout");
    await installed(session, "beaker-two");
    const tmp = async () => {
      for await (const { name, isDirectory } of Deno.readDir(server.dataDir)) {
        if (!isDirectory || !name.startsWith("deno-")) continue;
        for await (const _ of Deno.readDir(`${server.dataDir}/${name}/tmp`)) return true;
      }
      return false;
    };
    await until(async () => !await tmp(), 10_000, "what it unpacked to be removed");
  },
);

testPackages("keeps to the limit of the disk", async ({ open }) => {
  await using session = await open({ diskLimitMB: 4 });
  const { success, status, error } = await install(session, "beaker-large");
  assertEquals([success, status], [false, "disk_limit"]);
  assertMatch(error ?? "", /more than the 4 MB/);
  const { result } = await session.execute({ type: "list_directory", path: "/workspace" });
  assertEquals((result as CommandResults["list_directory"]).entries, []);
});

testPackages("keeps what two calls at once install", async ({ open }) => {
  await using session = await open();
  const calls = ["beaker-one@1", "@beaker/scoped", "beaker-two"].map((name) =>
    session.execute({ type: "install_packages", packages: [name] }, { concurrent: true })
  );
  for (const { success, error } of await Promise.all(calls)) assert(success, error ?? "");
  const code = `import { word } from "beaker-one"; import scoped from "@beaker/scoped";
    import two from "beaker-two"; console.log(word, scoped, two.two);`;
  assertEquals(await session.output(code), "one 3 two");
});

Deno.test("install_packages needs bubblewrap in a Deno session", async () => {
  await using server = await startServer({ env: { CODEBEAKER_BUBBLEWRAP: "off" } });
  await using client = await RpcClient.connect(server.wsUrl);
  const permissions = { allowNet: true };
  await using session = await TestSession.open(client, { runtime: "deno", permissions });
  const { status, error } = await install(session, "beaker-one");
  assertEquals(status, "not_started");
  assertStringIncludes(error ?? "", "bubblewrap does not work on this server");
});

const registryRequirement = await requirement("registry");

Deno.test({
  ignore: confined.ignore || registryRequirement.ignore,
  name: "install_packages in a Deno session installs from the public registry",
  async fn() {
    await using server = await startServer();
    await using client = await RpcClient.connect(server.wsUrl);
    await using session = await TestSession.open(client, {
      runtime: "deno",
      permissions: { allowNet: true },
    });
    await installed(session, "zod", "lodash@4");
    const code = `
      import { z } from "zod"; import _ from "npm:lodash";
      console.log(z.string().parse("x"), JSON.stringify(_.chunk([1, 2, 3], 2)));`;
    assertEquals(await session.output(code), "x [[1,2],[3]]");
  },
});
