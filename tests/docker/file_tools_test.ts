import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import type { CommandResults } from "../../src/protocol/commands.ts";
import { done, failed, FILE_TOOL_SCENARIOS } from "../testutil/file_tools.ts";
import { startServer } from "../testutil/server_process.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { TestSession } from "../testutil/test_session.ts";
import { docker, DOCKER_ENV, dockerServer, dockerWith } from "./docker_server.ts";

const requirement = await dockerWith("codebeaker-python:latest");
const server = dockerServer(requirement);

for (const { name, test } of FILE_TOOL_SCENARIOS) {
  Deno.test({
    ...requirement,
    name: `${name} in a container`,
    fn: () =>
      server.withSession((session) =>
        test({
          session,
          print: (word) => `print(${JSON.stringify(word)})`,
          fail: "import sys; sys.exit(3)",
          sleep: "import time; time.sleep(60)",
        }), { language: "python" }),
  });
}

Deno.test({
  ...requirement,
  name: "set_permissions makes a file a program in a container",
  fn: () =>
    server.withSession(async (session) => {
      await session.write("run.sh", "#!/bin/sh\necho ran\n");
      assertEquals((await session.shell("/workspace/run.sh")).status, "not_started");
      await done(session, { type: "set_permissions", path: "run.sh", mode: "755" });
      const { result } = await session.shell("/workspace/run.sh");
      assertEquals((result as { stdout: string }).stdout, "ran\n");
      // What is edited stays a program.
      const edit = {
        type: "replace_in_file",
        path: "run.sh",
        oldText: "ran",
        newText: "x",
      } as const;
      await done(session, edit);
      assertEquals((await session.shell("/workspace/run.sh")).success, true);
      assertEquals(
        await failed(session, { type: "set_permissions", path: "none", mode: "755" }),
        "File not found: none",
      );
    }, { language: "python" }),
});

Deno.test({
  ...requirement,
  name: "install_packages says how to get a network",
  fn: () =>
    server.withSession(async (session) => {
      const command = { type: "install_packages" as const, packages: ["six"] };
      const { status, error } = await session.execute(command);
      assertEquals(status, "not_started");
      assertStringIncludes(error ?? "", 'create it with "network": true');
    }, { language: "python" }),
});

/** Writes a package that pip can install from a directory. */
const WHEEL = `
import zipfile, os
os.makedirs("wheels", exist_ok=True)
with zipfile.ZipFile("wheels/beaker_test-1.2-py3-none-any.whl", "w") as z:
    z.writestr("beaker_test.py", "WORD = 'installed'\\n")
    z.writestr("beaker_test-1.2.dist-info/METADATA", "Metadata-Version: 2.1\\nName: beaker-test\\nVersion: 1.2\\n")
    z.writestr("beaker_test-1.2.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
    z.writestr("beaker_test-1.2.dist-info/RECORD", "")
`;

Deno.test({
  ...requirement,
  name: "install_packages installs for the code that follows, in a session with a network",
  async fn() {
    const network = `codebeaker-test-${crypto.randomUUID().slice(0, 8)}`;
    await docker("network", "create", "--internal", network);
    try {
      const flags = ["--docker-network", network];
      await using other = await startServer({ env: DOCKER_ENV, flags });
      await using client = await RpcClient.connect(other.wsUrl);
      const env = { PIP_NO_INDEX: "1", PIP_FIND_LINKS: "/workspace/wheels" };
      await using session = await TestSession.open(client, {
        language: "python",
        network: true,
        env,
      });
      await session.output(WHEEL);
      const packages = ["beaker-test==1.2"];
      const answer = await session.execute({ type: "install_packages", packages }, {
        stream: true,
      });
      const result = answer.result as CommandResults["install_packages"];
      assertEquals([answer.success, result.exitCode, result.packages], [true, 0, packages]);
      assertStringIncludes(result.stdout, "Successfully installed");
      assert(client.notifications("session.output").length > 0);
      assertEquals(
        await session.output("import beaker_test; print(beaker_test.WORD)"),
        "installed",
      );
      await session.write("needs.txt", "beaker-test>=2\n");
      const missing = await session.execute({
        type: "install_packages",
        requirementsFile: "needs.txt",
      });
      assertEquals([missing.success, missing.status], [false, "nonzero_exit"]);
      assertStringIncludes(missing.error ?? "", "beaker-test>=2");
      const batch = await session.execute({
        type: "batch",
        commands: [
          { type: "write_file", path: "needs.txt", content: "beaker-test\n" },
          { type: "install_packages", requirementsFile: "needs.txt" },
        ],
      });
      assertEquals(batch.success, true, String(batch.error));
    } finally {
      await docker("network", "rm", network);
    }
  },
});
