import { assertEquals, assertRejects, assertStringIncludes, unimplemented } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import type { Language, RuntimeName } from "../../src/protocol/language.ts";
import type { LanguageSupport, Runtime, RuntimeStatus } from "../../src/runtimes/runtime.ts";
import { RuntimeRegistry } from "../../src/runtimes/runtime_registry.ts";

const DENO: readonly Language[] = ["deno", "typescript", "javascript"];
const DOCKER: readonly Language[] = ["python", "javascript", "typescript", "go", "csharp"];

class StubRuntime implements Runtime {
  readonly name: RuntimeName;
  readonly languages: ReadonlySet<Language>;
  available = true;
  supports: LanguageSupport = { ready: true };
  asked = 0;
  answer: (status: RuntimeStatus) => Promise<RuntimeStatus> = (status) => Promise.resolve(status);

  constructor(name: RuntimeName, languages: readonly Language[]) {
    this.name = name;
    this.languages = new Set(languages);
  }

  status(): Promise<RuntimeStatus> {
    this.asked++;
    const { name, available } = this;
    const status = { name, available, isolation: [], limits: {}, details: {} };
    return this.answer(available ? status : { ...status, reason: "no socket, start the engine" });
  }

  createSandbox(): never {
    return unimplemented();
  }

  adopt(): never {
    return unimplemented();
  }

  support(): Promise<LanguageSupport> {
    return Promise.resolve(this.supports);
  }

  sweep(): never {
    return unimplemented();
  }

  [Symbol.asyncDispose](): never {
    return unimplemented();
  }
}

function setUp() {
  const deno = new StubRuntime("deno", DENO);
  const docker = new StubRuntime("docker", DOCKER);
  let time = 0;
  const registry = new RuntimeRegistry([deno, docker], { now: () => time });
  return { deno, docker, registry, wait: (ms: number) => time += ms };
}

Deno.test("RuntimeRegistry.choose() takes the language's default", async () => {
  const { registry } = setUp();
  const chosen: Record<string, string> = {};
  for (const language of ["python", "javascript", "typescript", "deno", "go", "csharp"] as const) {
    chosen[language] = (await registry.choose({ language })).name;
  }
  assertEquals(chosen, {
    python: "docker",
    javascript: "docker",
    typescript: "deno",
    deno: "deno",
    go: "docker",
    csharp: "docker",
  });
});

Deno.test("RuntimeRegistry.choose() takes the runtime asked for", async () => {
  const { registry } = setUp();
  const { name } = await registry.choose({ language: "javascript", runtime: "deno" });
  assertEquals(name, "deno");
  const error = await assertRejects(
    () => registry.choose({ language: "python", runtime: "deno" }),
    InvalidParamsError,
    "deno, typescript, javascript",
  );
  assertEquals(error.issues[0]?.path, ["runtime"]);
});

Deno.test("RuntimeRegistry.choose() follows a preference to what is stronger and there", async () => {
  const { registry, docker, wait } = setUp();
  const choose = async (language: Language, runtimePreference: "Speed" | "Security" | "Balanced") =>
    (await registry.choose({ language, runtimePreference })).name;
  assertEquals(await choose("typescript", "Security"), "docker");
  assertEquals(await choose("typescript", "Balanced"), "deno");
  assertEquals(await choose("deno", "Security"), "deno", "docker does not serve it");
  assertEquals(await choose("javascript", "Speed"), "docker", "deno isolates less");
  docker.available = false;
  wait(10_000);
  assertEquals(await choose("typescript", "Security"), "deno", "the default is there");
});

Deno.test("RuntimeRegistry.choose() never takes something weaker for what is missing", async () => {
  const { registry, docker } = setUp();
  docker.available = false;
  for (const runtimePreference of ["Speed", "Memory", "Security", "Balanced"] as const) {
    const error = await assertRejects(
      () => registry.choose({ language: "javascript", runtimePreference }),
      SandboxError,
      'Cannot create a "javascript" session: the docker runtime is not available: ' +
        "no socket, start the engine",
    );
    assertEquals(error.code, "runtime_unavailable");
  }
});

Deno.test("RuntimeRegistry says what is turned off", async () => {
  const registry = new RuntimeRegistry([new StubRuntime("deno", DENO)]);
  const error = await assertRejects(() => registry.choose({ language: "python" }), SandboxError);
  assertEquals([error.code, error.data], ["runtime_unavailable", {
    runtime: "docker",
    language: "python",
  }]);
  assertStringIncludes(error.message, "turned off (--docker off)");
  const statuses = await registry.statuses();
  assertEquals(statuses.map(({ name, available }) => [name, available]), [
    ["docker", false],
    ["deno", true],
  ]);
  assertStringIncludes(statuses[0]?.reason ?? "", "turned off");
});

Deno.test("RuntimeRegistry.support() names what can serve a language now, its default first", async () => {
  const { registry, docker, wait } = setUp();
  const serving = async (language: Language) => (await registry.support(language)).runtimes;
  assertEquals(await serving("typescript"), ["deno", "docker"]);
  assertEquals(await serving("javascript"), ["docker", "deno"]);
  docker.supports = { ready: false, image: "box" };
  assertEquals(await serving("javascript"), ["deno"]);
  docker.supports = { ready: true };
  docker.available = false;
  wait(10_000);
  assertEquals(await serving("javascript"), ["deno"]);
  assertEquals(await serving("python"), []);
});

Deno.test("RuntimeRegistry.support() tells image and version as the runtimes know them", async () => {
  const { registry, deno, docker } = setUp();
  deno.supports = { ready: true, version: "2" };
  docker.supports = { ready: true, image: "box", version: "3" };
  assertEquals(await registry.support("javascript"), {
    runtimes: ["docker", "deno"],
    image: "box",
    version: "3",
  });
  // The version of an image that is not there helps nobody.
  docker.supports = { ready: false, image: "box", version: "3" };
  assertEquals((await registry.support("javascript")).version, "2");
});

Deno.test("RuntimeRegistry asks a runtime again only after a while", async () => {
  const { registry, deno, wait } = setUp();
  await registry.choose({ language: "deno" });
  await registry.choose({ language: "deno" });
  assertEquals(deno.asked, 1);
  wait(10_000);
  await registry.choose({ language: "deno" });
  assertEquals(deno.asked, 2);
});

Deno.test("RuntimeRegistry takes a runtime that fails for one that is not available", async () => {
  const { registry, docker } = setUp();
  docker.answer = () => Promise.reject(new Error("secret path"));
  const error = await assertRejects(() => registry.choose({ language: "go" }), SandboxError);
  assertEquals(error.code, "runtime_unavailable");
  assertEquals(error.message.includes("secret"), false);
});
