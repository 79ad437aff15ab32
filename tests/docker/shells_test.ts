import { SHELL_SCENARIOS } from "../testutil/shell_scenarios.ts";
import { TestSession } from "../testutil/test_session.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith("codebeaker-bash:latest");
const server = dockerServer(requirement);

for (const [name, scenario] of Object.entries(SHELL_SCENARIOS)) {
  Deno.test({
    name: `shells of Docker sessions ${name}`,
    ...requirement,
    async fn() {
      await using client = await server.connect();
      const params = { language: "bash", runtime: "docker" } as const;
      await using session = await TestSession.open(client, params);
      await scenario({ client, session });
    },
  });
}
