import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import { differences } from "../testutil/pattern.ts";
import { installNpmPackage, reportMissing, requirement } from "../testutil/requirement.ts";
import { runProgram } from "../testutil/run_program.ts";
import { startServer } from "../testutil/server_process.ts";

/** The guide's client for Node.js, which then closes the connection. */
function client(wsUrl: string): string {
  return `
const WebSocket = require('ws');
const ws = new WebSocket('${wsUrl}');

ws.on('open', () => {
  // 세션 생성
  ws.send(JSON.stringify({
    jsonrpc: '2.0',
    id: 1,
    method: 'session.create',
    params: { language: 'deno' }
  }));
});

ws.on('message', (data) => {
  const response = JSON.parse(data);
  console.log(JSON.stringify(response));
  ws.close();
});
`;
}

const node = await requirement("node-ws");
const installed = node.ignore ? undefined : await installNpmPackage("ws@8");
const { ignore } = installed?.why === undefined
  ? node
  : await reportMissing("node-ws", installed.why);
Deno.test.afterAll(async () => {
  if (installed !== undefined) await Deno.remove(installed.directory, { recursive: true });
});

Deno.test({
  name: "the guide's Node.js client works with the ws package",
  ignore,
  async fn() {
    const { directory } = installed!;
    await using server = await startServer();
    const file = join(directory, "client.cjs");
    await Deno.writeTextFile(file, client(server.wsUrl));
    const { code, stdout, stderr } = await runProgram("node", [file], { cwd: directory });
    assertEquals([code, stderr], [0, ""]);
    const expected = {
      jsonrpc: "2.0",
      id: 1,
      result: { sessionId: "$id", containerId: "$id", createdAt: "$time", state: "Active" },
    };
    assertEquals(differences(JSON.parse(stdout), expected), []);
  },
});
