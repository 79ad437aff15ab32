import { assert, assertEquals, assertRejects, assertThrows } from "@std/assert";
import { CommandError, InvalidParamsError, SandboxError } from "../../../src/errors.ts";
import type { Language } from "../../../src/languages.ts";
import { systemClock } from "../../../src/sessions/clock.ts";
import { MAX_CONTEXTS, SessionContexts } from "../../../src/sessions/contexts/session_contexts.ts";

const PATH = ["command"];

function setUp(options: { runtime?: "docker" | "deno"; languages?: Language[] } = {}) {
  const { runtime = "docker", languages = ["python", "bash", "go"] } = options;
  return new SessionContexts({
    sandbox: {
      languages: new Set(languages),
      run: () => Promise.reject(new CommandError("Cannot run in the background here")),
    },
    runtime,
    language: languages[0]!,
    clock: systemClock,
  });
}

Deno.test("SessionContexts.resolve() makes one default context of each language", () => {
  const contexts = setUp();
  const python = contexts.resolve("default", undefined, PATH);
  assertEquals([python.id, python.language], ["default", "python"]);
  assert(contexts.resolve("default", "python", PATH) === python);
  const bash = contexts.resolve("default", "bash", PATH);
  assertEquals([bash.id, bash.language], ["default-bash", "bash"]);
  assert(contexts.resolve("default-bash", undefined, PATH) === bash);
  assertEquals(contexts.list().map(({ state }) => state), ["stopped", "stopped"]);
});

Deno.test("SessionContexts.resolve() refuses another language than the context's", () => {
  const contexts = setUp();
  contexts.resolve("default", "bash", PATH);
  const error = assertThrows(
    () => contexts.resolve("default-bash", "python", PATH),
    InvalidParamsError,
    "one of bash",
  );
  assertEquals(error.issues[0]?.path, ["command", "language"]);
});

Deno.test("SessionContexts.resolve() refuses what has no kernel", () => {
  const contexts = setUp();
  for (const language of ["go", "javascript"] as const) {
    const message = "expected one of python, bash";
    assertThrows(() => contexts.resolve("default", language, PATH), InvalidParamsError, message);
  }
  const inDeno = setUp({ runtime: "deno", languages: ["typescript"] });
  const message = "expected one of typescript, bash";
  assertThrows(() => inDeno.resolve("default", "python", PATH), InvalidParamsError, message);
  assertEquals([...contexts.list(), ...inDeno.list()], []);
});

Deno.test("SessionContexts.get() finds only what there is", () => {
  const error = assertThrows(() => setUp().get("nowhere"), SandboxError, "not found");
  assertEquals(error.code, "context_not_found");
});

Deno.test("SessionContexts.create() keeps no context whose kernel cannot be started", async () => {
  const contexts = setUp();
  const error = await assertRejects(() => contexts.create(undefined), SandboxError);
  assertEquals(error.code, "runtime_unavailable");
  assertEquals(error.message, "Cannot start the context: Cannot run in the background here");
  assertEquals(contexts.list(), []);
});

Deno.test("SessionContexts bounds their number", async () => {
  const contexts = new SessionContexts({
    // Kernels that never are ready until they are ended.
    sandbox: {
      languages: new Set(["python"] as const),
      run: (_spec, { signal }) =>
        new Promise((resolve) => {
          signal.addEventListener("abort", () => resolve({ cause: "stopped", exitCode: null }));
        }),
    },
    runtime: "docker",
    language: "python",
    clock: systemClock,
  });
  const creating = Array.from(
    { length: MAX_CONTEXTS },
    () => assertRejects(() => contexts.create("python"), SandboxError),
  );
  const error = await assertRejects(() => contexts.create("python"), SandboxError);
  assertEquals([error.code, error.data], ["context_limit_reached", { limit: MAX_CONTEXTS }]);
  contexts.end();
  await Promise.all(creating);
});
