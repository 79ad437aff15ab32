import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { differences } from "../testutil/pattern.ts";
import { installPythonPackage, reportMissing, requirement } from "../testutil/requirement.ts";
import { runProgram } from "../testutil/run_program.ts";
import { startServer } from "../testutil/server_process.ts";

/** The guide's client for Python, printing JSON. */
function client(wsUrl: string): string {
  return `
import asyncio
import websockets
import json

async def codebeaker_client():
    uri = "${wsUrl}"
    async with websockets.connect(uri) as ws:
        # 세션 생성
        request = {
            "jsonrpc": "2.0",
            "id": 1,
            "method": "session.create",
            "params": {"language": "deno"}
        }
        await ws.send(json.dumps(request))
        response = await ws.recv()
        print(json.dumps(json.loads(response)))

asyncio.run(codebeaker_client())
`;
}

const python = await requirement("python-websockets");
const installed = python.ignore ? undefined : await installPythonPackage("websockets>=13");
const { ignore } = installed?.why === undefined
  ? python
  : await reportMissing("python-websockets", installed.why);
Deno.test.afterAll(async () => {
  if (installed !== undefined) await Deno.remove(installed.directory, { recursive: true });
});

Deno.test({
  name: "the guide's Python client works with the websockets package",
  ignore,
  async fn() {
    const { directory, python } = installed!;
    await using server = await startServer();
    const file = join(directory, "client.py");
    await Deno.writeTextFile(file, client(server.wsUrl));
    const { code, stdout, stderr } = await runProgram(python, [file], { cwd: directory });
    assertEquals([code, stderr], [0, ""]);
    const expected = {
      jsonrpc: "2.0",
      id: 1,
      result: { sessionId: "$id", containerId: "$id", createdAt: "$time", state: "Active" },
    };
    assertEquals(differences(JSON.parse(stdout), expected), []);
  },
});
