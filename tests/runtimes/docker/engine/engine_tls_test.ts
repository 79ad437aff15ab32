import { assertEquals, assertRejects } from "@std/assert";
import { fromFileUrl } from "@std/path";
import { EngineClient } from "../../../../src/runtimes/docker/engine/engine_client.ts";
import { EngineError } from "../../../../src/runtimes/docker/engine/engine_error.ts";
import { readEngineTls } from "../../../../src/runtimes/docker/engine/engine_tls.ts";
import { bytes } from "./streams.ts";

// A certificate for localhost, by a test authority, that outlives whoever reads this.
const certPath = fromFileUrl(new URL("./testdata/tls", import.meta.url));
const PATH = { action: "do it", method: "GET", path: "/it" } as const;

Deno.test("readEngineTls() reads the three files and names one that is missing", async () => {
  const { caCerts = [], cert = "", key = "" } = await readEngineTls({
    transport: "tls",
    hostname: "localhost",
    port: 1,
    certPath,
  });
  assertEquals([...caCerts, cert, key].map((pem) => pem.split("\n")[0]), [
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN CERTIFICATE-----",
    "-----BEGIN PRIVATE KEY-----",
  ]);
  assertEquals(await readEngineTls({ transport: "tls", hostname: "localhost", port: 1 }), {});
  assertEquals(await readEngineTls({ transport: "tcp", hostname: "localhost", port: 1 }), {});
  await assertRejects(
    () =>
      EngineClient.open({
        transport: "tls",
        hostname: "localhost",
        port: 1,
        certPath: "/no/certs",
      }),
    Error,
    'Cannot read "/no/certs/',
  );
});

Deno.test("EngineClient speaks TLS with an engine that its certificates vouch for", async () => {
  const cert = await Deno.readTextFile(`${certPath}/cert.pem`);
  const key = await Deno.readTextFile(`${certPath}/key.pem`);
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, cert, key, onListen: () => {} },
    () => Response.json("over TLS", { headers: { "Api-Version": "1.41" } }),
  );
  const address = { transport: "tls", hostname: "localhost", port: server.addr.port } as const;
  using engine = await EngineClient.open({ ...address, certPath });
  assertEquals(await engine.json(PATH), "over TLS");

  using stranger = await EngineClient.open(address);
  const error = await assertRejects(() => stranger.json(PATH), EngineError, "https://localhost:");
  assertEquals(error.kind, "unavailable");
});

Deno.test("hijack() speaks TLS and ends its writing while it goes on reading", async () => {
  const cert = await Deno.readTextFile(`${certPath}/cert.pem`);
  const key = await Deno.readTextFile(`${certPath}/key.pem`);
  using listener = Deno.listenTls({ hostname: "127.0.0.1", port: 0, cert, key });
  const serving = (async () => {
    // The first connection asks for the version, the second one stays.
    for (const answer of ["200 OK\r\nApi-Version: 1.41\r\nContent-Length: 0", "101 UPGRADED"]) {
      using conn = await listener.accept();
      const buffer = new Uint8Array(4096);
      await conn.read(buffer);
      await conn.write(bytes(`HTTP/1.1 ${answer}\r\n\r\n`));
      if (!answer.startsWith("101")) continue;
      let length = 0;
      for (let count; (count = await conn.read(buffer)) !== null;) length += count;
      await conn.write(bytes(`${length} bytes`));
    }
  })();
  const { port } = listener.addr;
  using engine = await EngineClient.open({
    transport: "tls",
    hostname: "localhost",
    port,
    certPath,
  });
  using connection = await engine.hijack({ ...PATH, method: "POST" });
  await connection.write(new Uint8Array(100_000));
  await connection.closeWrite();
  let text = "";
  for (let piece; (piece = await connection.read()) !== null;) {
    text += new TextDecoder().decode(piece);
  }
  await serving;
  assertEquals(text, "100000 bytes");
});
