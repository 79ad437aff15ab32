import { assert, assertEquals } from "@std/assert";
import {
  HTTP_FILES_SCENARIOS,
  HttpFiles,
  refusal,
  sampleBytes,
  tar,
} from "../testutil/http_files.ts";
import { rawHttp } from "../testutil/raw_http.ts";
import { RpcClient } from "../testutil/rpc_client.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import { startServer } from "../testutil/server_process.ts";
import { TestSession } from "../testutil/test_session.ts";

// Archives with symlinks that lead upwards take a server with all permissions.
const server = sharedServer({ allowAll: true });

/** What is not in a workspace yet, of all sessions. */
async function temporaries(): Promise<string[]> {
  const found: string[] = [];
  const { dataDir } = server.process;
  for await (const { name: run, isDirectory } of Deno.readDir(dataDir)) {
    if (!isDirectory || !run.startsWith("deno-")) continue;
    for await (const { name, isFile } of Deno.readDir(`${dataDir}/${run}/tmp`)) {
      if (isFile) found.push(name);
    }
  }
  return found;
}

for (const { name, test } of HTTP_FILES_SCENARIOS) {
  Deno.test(`${name} in a Deno session`, async () => {
    await using client = await server.connect();
    await using session = await TestSession.open(client);
    const sleep = "await new Promise((resolve) => setTimeout(resolve, 60_000));";
    await test({ server: server.process, client, session, sleep, temporaries });
  });
}

async function memoryMB(pid: number): Promise<number> {
  const text = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+)/.exec(text)?.[1]) / 1024;
}

Deno.test({
  name: "files larger than the server's memory for them are streamed both ways",
  ignore: Deno.build.os !== "linux",
  fn: () =>
    server.withSession(async (session) => {
      const files = new HttpFiles({ server: server.process, session });
      const piece = sampleBytes(1024 * 1024);
      const pieces = 300;
      const before = await memoryMB(server.process.pid);
      let peak = before;
      const content = ReadableStream.from((async function* () {
        for (let count = 0; count < pieces; count++) {
          if (count % 20 === 0) peak = Math.max(peak, await memoryMB(server.process.pid));
          yield piece;
        }
      })());
      const put = await files.put("large.bin", content);
      await put.body?.cancel();
      assertEquals(put.status, 201);
      const got = await files.get("large.bin");
      let bytes = 0;
      for await (const part of got.body!) {
        if (bytes % (20 * piece.length) < part.length) {
          peak = Math.max(peak, await memoryMB(server.process.pid));
        }
        bytes += part.length;
      }
      assertEquals(bytes, pieces * piece.length);
      assert(peak - before < 200, `it took ${Math.round(peak - before)} MB more`);
    }),
});

Deno.test("the server's limits bound what is uploaded", async () => {
  const env = { CODEBEAKER_MAX_TRANSFER_BYTES: "3000000", CODEBEAKER_DISK_LIMIT_MB: "2" };
  await using small = await startServer({ env });
  await using client = await RpcClient.connect(small.wsUrl);
  await using session = await TestSession.open(client);
  const files = new HttpFiles({ server: small, session });
  const large = await refusal(await files.put("big", sampleBytes(3_000_001)));
  assertEquals([large.status, large.code], [413, "too_large"]);
  for (const body of [sampleBytes(2_100_000), ReadableStream.from([sampleBytes(2_100_000)])]) {
    const refused = await refusal(await files.put("big", body));
    assertEquals([refused.status, refused.code], [507, "disk_full"]);
  }
  const entry = { type: "file" as const, name: "big", content: sampleBytes(2_100_000) };
  const archive = await refusal(await files.putArchive(await tar(entry)));
  assertEquals([archive.status, archive.code], [507, "disk_full"]);
  const zipped = ReadableStream.from([new Uint8Array(2_200_000)]);
  const bomb = await tar({ type: "file", name: "bomb", content: zipped, size: 2_200_000 });
  const body = await new Response(
    new Blob([bomb]).stream().pipeThrough(
      new CompressionStream("gzip"),
    ),
  ).bytes();
  const headers = { "content-encoding": "gzip" };
  const refused = await refusal(await files.putArchive(body, { headers }));
  assertEquals([refused.status, refused.code], [400, "invalid_archive"]);
  // What a server without all permissions cannot hold by descriptors leads only downwards.
  const link = { type: "symlink" as const, name: "a/up", linkName: "../b" };
  assertEquals((await refusal(await files.putArchive(await tar(link)))).status, 403);
});

Deno.test("a server with keys asks for one, but not of who has a signed URL", async () => {
  const [one, two] = ["key-5f2b9d0c7a1e4863", "key-15f2b9d0c7a1e486"];
  await using other = await startServer({ env: { CODEBEAKER_API_KEYS: `one=${one},two=${two}` } });
  const authorization = (key: string) => ({ authorization: `Bearer ${key}` });
  await using client = await RpcClient.connect(other.wsUrl, { headers: authorization(one) });
  await using session = await TestSession.open(client);
  const files = new HttpFiles({ server: other, session });
  const put = await files.put("a.txt", "mine", authorization(one));
  await put.body?.cancel();
  assertEquals(put.status, 201);
  assertEquals((await refusal(await files.get("a.txt"))).status, 401);
  for (
    const response of [
      await files.get("a.txt", authorization(two)),
      await files.put("a.txt", "yours", authorization(two)),
      await files.archive("", authorization(two)),
    ]
  ) assertEquals((await refusal(response)).code, "session_not_found");
  const { url } = await client.request("files.sign", { sessionId: session.id, path: "a.txt" });
  assertEquals(await (await fetch(other.url + url)).text(), "mine");
  // It opens nothing but the one file.
  const query = url.slice(url.indexOf("?"));
  for (const path of ["/rpc", "/metrics", "/ws/jsonrpc"]) {
    const response = await fetch(`${other.url}${path}${query}`);
    await response.body?.cancel();
    assertEquals(response.status, 401, path);
  }
  const origin = { path: url, headers: { Origin: "https://evil.example" } };
  assertEquals((await rawHttp(other.port, origin)).status, 403);
  assertEquals((await rawHttp(other.port, { path: url, headers: { Host: "evil" } })).status, 421);
  await client.request("session.close", { sessionId: session.id });
  assertEquals((await refusal(await fetch(other.url + url))).code, "session_not_found");
});

Deno.test("metrics count files without naming them", () =>
  server.withSession(async (session) => {
    const files = new HttpFiles({ server: server.process, session });
    await (await files.put("secret-name", "x")).body?.cancel();
    const text = await (await fetch(`${server.process.url}/metrics`)).text();
    assert(text.includes('endpoint="/sessions/{id}/files/*"'), text);
    assert(!text.includes("secret-name") && !text.includes(session.id));
  }));
