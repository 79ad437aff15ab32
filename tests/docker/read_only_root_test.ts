import { assertEquals } from "@std/assert";
import { dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const server = dockerServer(requirement, {
  env: { CODEBEAKER_DOCKER_READ_ONLY_ROOT: "true", CODEBEAKER_CONTAINER_SPARES: "1" },
});

Deno.test({
  ...requirement,
  name:
    "a container with a read-only root writes to its workspace, its home and /tmp, and nowhere else",
  async fn() {
    await server.withSession(async (session) => {
      await session.write("kept.txt", "kept");
      const { result } = await session.shell("sh", [
        "-c",
        'for place in /workspace "$HOME" /tmp /var/tmp /usr /; do touch "$place/x" 2>/dev/null && echo "$place"; done; true',
      ]);
      const { stdout } = result as { stdout: string };
      assertEquals(stdout.split("\n").filter(Boolean), ["/workspace", "/home/codebeaker", "/tmp"]);
      assertEquals(await session.output("print(open('kept.txt').read())"), "kept");
    }, { language: "python" });
  },
});

Deno.test({
  ...requirement,
  name: "a session whose volumes are over diskLimitMB is closed where the root is read-only",
  async fn() {
    await using client = await server.connect();
    const { sessionId } = await client.request("session.create", {
      language: "python",
      diskLimitMB: 10,
    });
    const { error } = await client.call("session.execute", {
      sessionId,
      command: {
        type: "execute_code",
        code:
          "import time\nfor i in range(6): open(f'f{i}', 'wb').write(bytes(5_000_000))\ntime.sleep(20)",
      },
    });
    assertEquals(error?.data?.closeReason, "limit_exceeded");
  },
});
