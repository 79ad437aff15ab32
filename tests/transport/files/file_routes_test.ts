import { assert, assertEquals, assertRejects, unimplemented } from "@std/assert";
import type { FileProvider, FileTransfer } from "../../../src/transport/files/file_provider.ts";
import { fileRoute, type FileRouteOptions } from "../../../src/transport/files/file_routes.ts";
import { until, within } from "../../testutil/within.ts";
import { startTestServer, type TestServer } from "../test_server.ts";

const WAIT_MS = 20_000;
const MIB = 1024 * 1024;

/** Files of a test: what is opened is endless or short, what is stored is taken. */
class FakeProvider implements FileProvider {
  readonly abort = new AbortController();
  open = 0;
  stored = 0;
  cancelled = 0;
  /** Pieces of the content of every file, and the size that is said of it. */
  pieces = 10_000;
  pieceBytes = MIB;
  size = 10_000 * MIB;

  transfer(): FileTransfer {
    this.open++;
    return {
      signal: this.abort.signal,
      maxBytes: MIB,
      diskBytes: 2 * MIB,
      open: () =>
        Promise.resolve({
          size: this.size,
          modifiedAt: 0,
          version: "v",
          length: this.size,
          content: this.#content(),
        }),
      store: async (_, content) => {
        for await (const piece of content) this.stored += piece.length;
        return { version: "v", created: true };
      },
      remove: () => Promise.reject(new Error("Secret of the server")),
      pack: unimplemented,
      unpack: unimplemented,
      [Symbol.dispose]: () => void this.open--,
    };
  }

  #content(): ReadableStream<Uint8Array> {
    let left = this.pieces;
    return new ReadableStream<Uint8Array>({
      pull: (controller) => {
        if (left-- > 0) controller.enqueue(new Uint8Array(this.pieceBytes));
        else controller.close();
      },
      cancel: () => void this.cancelled++,
    }, { highWaterMark: 0 });
  }
}

function start(provider: FileProvider, options: Partial<FileRouteOptions> = {}): TestServer {
  return startTestServer({ routes: [fileRoute({ provider, maxTransfers: 10, ...options })] });
}

async function code(response: Response): Promise<[number, string]> {
  return [response.status, (await response.json()).error.code];
}

Deno.test("fileRoute() gives up a client that sends nothing more", async () => {
  const provider = new FakeProvider();
  await using test = start(provider, { idleMs: 100 });
  const never = Promise.withResolvers<void>();
  const body = ReadableStream.from((async function* () {
    yield new Uint8Array(10);
    await never.promise;
  })());
  const response = await within(
    fetch(`${test.url}/sessions/s/files/a`, { method: "PUT", body }),
    WAIT_MS,
    "an answer",
  );
  assertEquals(await code(response), [408, "request_timeout"]);
  assertEquals([provider.stored, provider.open], [10, 0]);
  never.resolve();
});

Deno.test("fileRoute() gives up a client that takes nothing more", async () => {
  const provider = new FakeProvider();
  await using test = start(provider, { idleMs: 100 });
  using connection = await Deno.connect({ hostname: "127.0.0.1", port: test.port });
  const head = `GET /sessions/s/files/a HTTP/1.1\r\nHost: 127.0.0.1:${test.port}\r\n\r\n`;
  await connection.write(new TextEncoder().encode(head));
  await until(() => provider.cancelled === 1, WAIT_MS, "the download to be given up");
  assertEquals(provider.open, 0);
});

Deno.test("fileRoute() lets go of a file whose client goes away", async () => {
  const provider = new FakeProvider();
  await using test = start(provider);
  const response = await fetch(`${test.url}/sessions/s/files/a`);
  await response.body!.cancel();
  await until(() => provider.open === 0, WAIT_MS, "the transfer to end");
  assertEquals(provider.cancelled, 1);
});

Deno.test("fileRoute() breaks off when the session ends, both ways", async () => {
  const provider = new FakeProvider();
  await using test = start(provider);
  const reading = await fetch(`${test.url}/sessions/s/files/a`);
  const never = Promise.withResolvers<void>();
  const writing = fetch(`${test.url}/sessions/s/files/a`, {
    method: "PUT",
    body: ReadableStream.from((async function* () {
      yield new Uint8Array(10);
      await never.promise;
    })()),
  });
  await until(() => provider.stored === 10, WAIT_MS, "the upload to begin");
  provider.abort.abort(new Error("ended"));
  await assertRejects(() => reading.bytes());
  const written = await writing;
  assertEquals(written.status, 500);
  await written.body?.cancel();
  assertEquals(provider.open, 0);
  never.resolve();
});

Deno.test("fileRoute() never lets a file that became shorter look complete", async () => {
  const provider = new FakeProvider();
  provider.pieces = 2;
  provider.size = 3 * MIB;
  await using test = start(provider);
  const response = await fetch(`${test.url}/sessions/s/files/a`);
  await assertRejects(() => response.bytes());
  await until(() => provider.open === 0, WAIT_MS, "the transfer to end");
  // As long as nothing was sent, it can be said.
  Object.assign(provider, { pieces: 2, pieceBytes: 10, size: 30 });
  assertEquals(await code(await fetch(`${test.url}/sessions/s/files/a`)), [503, "interrupted"]);
  assertEquals(provider.open, 0);
});

Deno.test("fileRoute() bounds transfers and bodies, and tells no secrets", async () => {
  const provider = new FakeProvider();
  await using test = start(provider, { maxTransfers: 1 });
  const url = `${test.url}/sessions/s/files/a`;
  const reading = await fetch(url);
  assertEquals(await code(await fetch(url)), [503, "too_many_calls"]);
  await reading.body!.cancel();
  await until(() => provider.open === 0, WAIT_MS, "the transfer to end");
  const large = ReadableStream.from([new Uint8Array(MIB), new Uint8Array(1)]);
  assertEquals(await code(await fetch(url, { method: "PUT", body: large })), [413, "too_large"]);
  const failed = await fetch(url, { method: "DELETE" });
  const text = await failed.text();
  assertEquals(failed.status, 500);
  assert(!text.includes("Secret"), text);
  assertEquals(provider.open, 0);
});
