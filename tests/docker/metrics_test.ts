import { assertMatch } from "@std/assert";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const server = dockerServer(requirement);

Deno.test({
  ...requirement,
  name: "GET /metrics counts sessions, executions and calls to the engine",
  async fn() {
    await server.withSession(async (session) => {
      await session.output("print(1)");
      const text = await (await fetch(`${server.process.url}/metrics`)).text();
      assertMatch(
        text,
        /^codebeaker_executions_total\{[^}]*runtime_type="docker"[^}]*status="ok"[^}]*\} [1-9]/m,
      );
      assertMatch(text, /^codebeaker_active_sessions\{[^}]*language="python"[^}]*\} 1/m);
      assertMatch(text, /^codebeaker_engine_[a-z_]*total\{[^}]*outcome="ok"[^}]*\} [1-9]/m);
      assertMatch(text, /# EOF\n$/);
    }, { language: "python" });
  },
});
