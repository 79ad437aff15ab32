import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { readTar } from "../../src/runtimes/tar/tar_reader.ts";
import { type TarSource, writeTar } from "../../src/runtimes/tar/tar_writer.ts";
import type { RpcClient } from "./rpc_client.ts";
import type { ServerProcess } from "./server_process.ts";
import { TestSession } from "./test_session.ts";
import { until, within } from "./within.ts";

const ANSWER_MS = 30_000;

/** A session whose files are moved over plain HTTP. */
export interface HttpFilesCase {
  readonly server: ServerProcess;
  readonly client: RpcClient;
  readonly session: TestSession;
  /** Code of the session's language that runs for a minute. */
  readonly sleep: string;
  /** Names of files that are not in their places yet. */
  temporaries(): Promise<string[]>;
}

/** Something that holds in every runtime. */
export interface HttpFilesScenario {
  readonly name: string;
  test(subject: HttpFilesCase): Promise<void>;
}

/** Bytes in which every value is, the same at each call. */
export function sampleBytes(length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = 12345;
  for (let at = 0; at < length; at++) {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0;
    bytes[at] = state >>> 16;
  }
  return bytes;
}

/** The files of a session as a client of HTTP sees them. */
export class HttpFiles {
  readonly base: string;

  constructor({ server, session }: Pick<HttpFilesCase, "server" | "session">) {
    this.base = `${server.url}/sessions/${session.id}`;
  }

  get(path: string, headers: Record<string, string> = {}, method = "GET"): Promise<Response> {
    return fetch(`${this.base}/files/${path}`, { method, headers });
  }

  put(
    path: string,
    body: BodyInit,
    headers: Record<string, string> = {},
  ): Promise<Response> {
    return fetch(`${this.base}/files/${path}`, { method: "PUT", body, headers });
  }

  archive(query = "", headers: Record<string, string> = {}): Promise<Response> {
    return fetch(`${this.base}/archive${query}`, { headers });
  }

  putArchive(
    body: BodyInit,
    { query = "", headers = {} }: { query?: string; headers?: Record<string, string> } = {},
  ): Promise<Response> {
    const type = { "content-type": "application/x-tar" };
    return fetch(`${this.base}/archive${query}`, {
      method: "PUT",
      body,
      headers: { ...type, ...headers },
    });
  }
}

/** Reads an answer that must be an error, and returns its status, word and sentence. */
export async function refusal(
  response: Response,
): Promise<{ status: number; code: string; message: string }> {
  const text = await response.text();
  assertMatch(response.headers.get("content-type") ?? "", /^application\/json/, text);
  const { error } = JSON.parse(text);
  assert(error.message.length > 10, text);
  return { status: response.status, code: error.code, message: error.message };
}

async function status(response: Response): Promise<number> {
  await response.body?.cancel();
  return response.status;
}

/** The names in a session's workspace. */
export async function names(session: TestSession, path = "/workspace"): Promise<string[]> {
  const { result } = await session.execute({ type: "list_directory", path, depth: 5 });
  return (result as { entries: { path: string }[] }).entries
    .map((entry) => entry.path.slice(path.length + 1));
}

/** An archive in memory. */
export async function tar(...entries: TarSource[]): Promise<Uint8Array<ArrayBuffer>> {
  return await new Response(writeTar(entries)).bytes();
}

const text = (content: string) => new TextEncoder().encode(content);
const file = (name: string, content = "x"): TarSource => ({
  type: "file",
  name,
  content: text(content),
});

/** Reads an archive into lines that tell what is in it. */
export async function listTar(body: ReadableStream<Uint8Array>): Promise<string[]> {
  const lines: string[] = [];
  for await (const { name, type, mode, mtime, linkName, readable } of readTar(body)) {
    const content = type === "file" ? await new Response(readable).text() : linkName;
    lines.push(`${type} ${name} ${mode.toString(8)} ${Math.floor(mtime)} ${content}`);
  }
  return lines;
}

/** Changes the type of the only header of an archive, and its checksum. */
function asType(archive: Uint8Array<ArrayBuffer>, flag: string, link = ""): BodyInit {
  const block = archive.subarray(0, 512);
  block[156] = flag.charCodeAt(0);
  block.fill(0, 157, 257);
  block.set(text(link), 157);
  block.fill(32, 148, 156);
  const sum = block.reduce((all, byte) => all + byte, 0);
  block.set(text(`${sum.toString(8).padStart(6, "0")}\0 `), 148);
  return archive;
}

interface HostileArchive {
  readonly what: string;
  readonly body: BodyInit;
  /** Of the sentence. */
  readonly says: string;
  readonly headers?: Record<string, string>;
}

async function hostileArchives(): Promise<HostileArchive[]> {
  const link = (name: string, linkName: string): TarSource => ({
    type: "symlink",
    name,
    linkName,
  });
  const empty = () => tar({ type: "file", name: "evil", content: new Uint8Array() });
  const whole = await tar(file("whole.txt", "y".repeat(5000)));
  const huge = await tar({ type: "file", name: "huge", content: new Uint8Array() });
  // States a size that only few disks have.
  huge.set(text("77777777777"), 124);
  return [
    { what: "a path that goes up", body: await tar(file("a/../../evil")), says: "a/../../evil" },
    { what: "an absolute path", body: await tar(file("/etc/evil")), says: "/etc/evil" },
    { what: "a deep path", body: await tar(file(`${"d/".repeat(120)}evil`)), says: "deeper" },
    { what: "a long name", body: await tar(file("n".repeat(300))), says: "longer" },
    { what: "a symlink out", body: await tar(link("evil", "../etc")), says: '"evil"' },
    { what: "an absolute symlink", body: await tar(link("evil", "/etc/passwd")), says: '"evil"' },
    {
      what: "a symlink that goes up behind a name",
      body: await tar(link("evil", "a/../../../etc")),
      says: '"evil"',
    },
    {
      what: "a file by way of its own symlink",
      body: await tar({ type: "directory", name: "real" }, link("way", "real"), file("way/evil")),
      says: '"way/evil"',
    },
    {
      what: "a file by way of a symlink that is there",
      body: await tar(file("there/evil")),
      says: '"there/evil"',
    },
    { what: "a hard link out", body: asType(await empty(), "1", "../../etc/passwd"), says: "evil" },
    { what: "a hard link to nothing", body: asType(await empty(), "1", "none"), says: "evil" },
    { what: "a device", body: asType(await empty(), "3"), says: '"evil"' },
    { what: "a pipe", body: asType(await empty(), "6"), says: '"evil"' },
    { what: "more than fits", body: asType(huge, "0"), says: '"huge"' },
    { what: "an archive that is cut off", body: whole.slice(0, 3000), says: "cut off" },
    { what: "what is no archive", body: sampleBytes(2048), says: "header" },
    {
      what: "broken compression",
      body: sampleBytes(2048),
      says: "gzip",
      headers: { "content-encoding": "gzip" },
    },
  ];
}

/** What files over plain HTTP do, in every runtime. */
export const HTTP_FILES_SCENARIOS: readonly HttpFilesScenario[] = [
  {
    name: "PUT and GET move any bytes, and say what they are",
    async test({ server, session }) {
      const files = new HttpFiles({ server, session });
      const content = sampleBytes(300_000);
      const created = await files.put("deep/né w/a.bin", content);
      assertEquals(await status(created), 201);
      const tag = created.headers.get("etag") ?? "";
      assertMatch(tag, /^"[\w-]+"$/);
      const got = await files.get("deep/n%C3%A9%20w/a.bin");
      assertEquals(await got.bytes(), content);
      assertEquals(got.status, 200);
      assertEquals(got.headers.get("etag"), tag);
      assertEquals(got.headers.get("content-length"), "300000");
      assertEquals(got.headers.get("content-type"), "application/octet-stream");
      assertEquals(got.headers.get("accept-ranges"), "bytes");
      assertEquals(got.headers.get("x-content-type-options"), "nosniff");
      assertEquals(got.headers.get("content-security-policy"), "sandbox");
      assertMatch(got.headers.get("content-disposition") ?? "", /^attachment; filename="a\.bin"/);
      // Without an agent it would have to be asked for.
      const modified = Date.parse(got.headers.get("last-modified") ?? new Date().toUTCString());
      assert(Math.abs(modified - Date.now()) < 600_000);
      const head = await files.get("deep/n%C3%A9%20w/a.bin", {}, "HEAD");
      assertEquals([head.status, head.headers.get("content-length")], [200, "300000"]);
      assertEquals((await head.bytes()).length, 0);
      assertEquals(await status(await files.put("deep/né w/a.bin", "short")), 204);
      assertEquals(await session.read("deep/né w/a.bin"), "short");
      assertEquals(await status(await files.put("empty.html", "")), 201);
      const empty = await files.get("empty.html");
      assertEquals([empty.status, await empty.text()], [200, ""]);
      assertMatch(empty.headers.get("content-type") ?? "", /^text\/html/);
      assertEquals(await status(await files.get("empty.html", {}, "DELETE")), 204);
      assertEquals((await refusal(await files.get("empty.html"))).code, "file_not_found");
    },
  },
  {
    name: "GET answers ranges",
    async test({ server, session }) {
      const files = new HttpFiles({ server, session });
      await status(await files.put("r.txt", "0123456789"));
      const ask = async (range: string, headers: Record<string, string> = {}) => {
        const response = await files.get("r.txt", { range, ...headers });
        const shown = response.status === 416 ? "" : await response.text();
        if (response.status === 416) await response.body?.cancel();
        return [response.status, response.headers.get("content-range"), shown];
      };
      assertEquals(await ask("bytes=0-3"), [206, "bytes 0-3/10", "0123"]);
      assertEquals(await ask("bytes=4-"), [206, "bytes 4-9/10", "456789"]);
      assertEquals(await ask("bytes=8-100"), [206, "bytes 8-9/10", "89"]);
      assertEquals(await ask("bytes=-4"), [206, "bytes 6-9/10", "6789"]);
      assertEquals(await ask("bytes=-400"), [206, "bytes 0-9/10", "0123456789"]);
      for (const range of ["bytes=10-", "bytes=99-100", "bytes=-0"]) {
        assertEquals(await ask(range), [416, "bytes */10", ""], range);
      }
      for (const range of ["bytes=5-2", "bytes=0-1,4-5", "lines=1-2", "bytes=-"]) {
        assertEquals(await ask(range), [200, null, "0123456789"], range);
      }
      const { headers } = await files.get("r.txt", {}, "HEAD");
      const tag = headers.get("etag") ?? "";
      assertEquals((await ask("bytes=1-2", { "if-range": tag }))[0], 206);
      assertEquals((await ask("bytes=1-2", { "if-range": '"other"' }))[0], 200);
    },
  },
  {
    name: "conditions hold a request to a version of the file",
    async test({ server, session }) {
      const files = new HttpFiles({ server, session });
      const absent = { "if-none-match": "*" };
      const created = await files.put("c.txt", "one", absent);
      const tag = created.headers.get("etag") ?? "";
      assertEquals(await status(created), 201);
      const again = await refusal(await files.put("c.txt", "two", absent));
      assertEquals([again.status, again.code], [412, "precondition_failed"]);
      const same = await files.get("c.txt", { "if-none-match": `"x", W/${tag}` });
      assertEquals([same.status, same.headers.get("etag")], [304, tag]);
      await same.body?.cancel();
      assertEquals(await status(await files.get("c.txt", { "if-match": '"x"' })), 412);
      assertEquals(await status(await files.put("c.txt", "two", { "if-match": tag })), 204);
      assertEquals(await status(await files.put("c.txt", "three", { "if-match": tag })), 412);
      assertEquals(await status(await files.put("none.txt", "x", { "if-match": "*" })), 412);
      assertEquals(await session.read("c.txt"), "two");
      const changed = await files.get("c.txt", { "if-none-match": tag });
      assertEquals([changed.status, await changed.text()], [200, "two"]);
      // What is written while the body is on its way is not lost.
      const { promise: written, resolve } = Promise.withResolvers<void>();
      const now = changed.headers.get("etag") ?? "";
      const slow = files.put(
        "c.txt",
        ReadableStream.from((async function* () {
          yield text("la");
          await written;
          yield text("te");
        })()),
        { "if-match": now },
      );
      await session.write("c.txt", "code was faster");
      resolve();
      assertEquals(await status(await slow), 412);
      assertEquals(await session.read("c.txt"), "code was faster");
    },
  },
  {
    name: "what cannot be is refused with a word and a sentence",
    async test({ server, session }) {
      const files = new HttpFiles({ server, session });
      await session.write("dir/a.txt", "a");
      const checks: [Promise<Response>, number, string][] = [
        [files.get("missing.txt"), 404, "file_not_found"],
        [files.get("dir"), 409, "is_directory"],
        [files.put("dir", "x"), 409, "is_directory"],
        [files.put("dir/a.txt/b", "x"), 409, "not_a_directory"],
        [files.get("..%2f..%2fetc/passwd"), 400, "bad_path"],
        [files.get("a%00b"), 400, "bad_path"],
        [files.get("a//b"), 400, "bad_path"],
        [files.get("%ff"), 400, "bad_path"],
        [files.put("x", "x", { "content-range": "bytes 0-0/2" }), 400, "partial_put"],
        [files.archive("?path=/etc"), 400, "outside_workspace"],
        [files.archive("?path=missing"), 404, "file_not_found"],
        [files.archive("?path=dir/a.txt"), 409, "not_a_directory"],
        [files.putArchive("x", { headers: { "content-type": "text/plain" } }), 415, ""],
        [fetch(`${server.url}/sessions/none/files/a.txt`), 404, "session_not_found"],
        [fetch(`${server.url}/sessions/none/archive`), 404, "session_not_found"],
      ];
      for (const [request, expected, code] of checks) {
        const found = await refusal(await request);
        assertEquals([found.status, found.code], [expected, code || found.code], found.message);
        assert(!found.message.includes(server.dataDir));
      }
      assertEquals(await status(await fetch(`${server.url}/sessions/${session.id}`)), 404);
      const url = `${files.base}/archive`;
      assertEquals(await status(await fetch(url, { method: "DELETE" })), 405);
    },
  },
  {
    name: "files are moved while a command runs",
    async test({ server, session, client, sleep }) {
      const files = new HttpFiles({ server, session });
      const sleeping = session.code(sleep, { executionId: "sleeps" });
      assertEquals(await status(await files.put("beside.txt", "beside")), 201);
      assertEquals(await (await files.get("beside.txt")).text(), "beside");
      await client.request("session.cancel", { sessionId: session.id });
      assertEquals((await sleeping).status, "cancelled");
    },
  },
  {
    name: "an upload that breaks off leaves nothing behind",
    async test({ server, session, temporaries }) {
      await session.write("kept.txt", "old");
      const before = await names(session);
      const connection = await Deno.connect({ hostname: "127.0.0.1", port: server.port });
      const head = `PUT /sessions/${session.id}/files/kept.txt HTTP/1.1\r\n` +
        `Host: 127.0.0.1:${server.port}\r\nContent-Length: 500000\r\n\r\n`;
      await connection.write(text(head));
      await connection.write(sampleBytes(100_000));
      const begun = async () => (await temporaries()).length > 0;
      await until(begun, ANSWER_MS, "the upload to begin");
      connection.close();
      await until(async () => !await begun(), ANSWER_MS, "the broken upload to be given up");
      assertEquals(await names(session), before);
      assertEquals(await session.read("kept.txt"), "old");
    },
  },
  {
    name: "a session that closes breaks transfers off",
    async test({ server, client, session: { created } }) {
      const { language } = created;
      const session = await TestSession.open(client, { language, runtime: created.runtime });
      const files = new HttpFiles({ server, session });
      await status(await files.put("big.bin", sampleBytes(20_000_000)));
      const reading = await files.get("big.bin");
      const { promise: never, resolve } = Promise.withResolvers<void>();
      const writing = files.put(
        "new.bin",
        ReadableStream.from((async function* () {
          yield sampleBytes(10);
          await never;
          yield sampleBytes(10);
        })()),
      ).then(refusal, (error) => error);
      const archived = await files.archive();
      await client.request("session.close", { sessionId: session.id });
      const outcomes = await within(
        Promise.all(
          [reading.bytes(), archived.bytes()].map((bytes) =>
            bytes.then(({ length }) => length, () => "broken off")
          ),
        ),
        ANSWER_MS,
        "the downloads to end",
      );
      assertEquals(outcomes, ["broken off", "broken off"]);
      const refused = await within(writing, ANSWER_MS, "the upload to end");
      if (!(refused instanceof Error)) assertEquals(refused.code, "session_closed");
      resolve();
      const gone = await refusal(await files.get("big.bin"));
      assertEquals([gone.status, gone.code], [404, "session_not_found"]);
    },
  },
  {
    name: "files.sign gives a URL for one thing and a short time",
    async test({ server, client, session }) {
      const sessionId = session.id;
      await session.write("signed.txt", "for you");
      const sign = (params: object) =>
        client.request("files.sign", { sessionId, path: "signed.txt", ...params });
      const { url, expiresAt, method } = await sign({});
      assertEquals(method, "GET");
      const left = Date.parse(expiresAt) - Date.now();
      assert(left > 290_000 && left <= 300_000, expiresAt);
      assertEquals(await (await fetch(server.url + url)).text(), "for you");
      assertEquals(await status(await fetch(server.url + url, { method: "HEAD" })), 200);
      const wrong: [string, RequestInit][] = [
        [url, { method: "PUT", body: "mine" }],
        [url, { method: "DELETE" }],
        [url.replace("signed.txt", "other.txt"), {}],
        [url.replace(/expires=\d/, "expires=9"), {}],
        [`${url}&expires=9999999999`, {}],
        [`${url}&maxBytes=5`, {}],
        [url.replace(/.$/, (last) => last === "A" ? "B" : "A"), {}],
        [url.replace(/signature=.*/, "signature="), {}],
        [url.replace(/\/files\/.*\?/, "/archive?"), {}],
      ];
      for (const [changed, init] of wrong) {
        const { status, code } = await refusal(await fetch(server.url + changed, init));
        assertEquals([status, code], [403, "signature_wrong"], changed);
      }
      const brief = await sign({ expiresInSeconds: 1 });
      await until(
        async () => {
          const response = await fetch(server.url + brief.url);
          if (response.status === 200) return await response.text() === "";
          assertEquals((await refusal(response)).code, "signature_expired");
          return true;
        },
        ANSWER_MS,
        "the URL to expire",
      );
      const put = await sign({ method: "PUT", maxBytes: 5, path: "/workspace/up.txt" });
      const send = (body: BodyInit) => fetch(server.url + put.url, { method: "PUT", body });
      assertEquals((await refusal(await send("123456"))).status, 413);
      const stream = ReadableStream.from([text("1234"), text("56")]);
      assertEquals((await refusal(await send(stream))).status, 413);
      assertEquals(await status(await send("12345")), 201);
      assertEquals(await session.read("up.txt"), "12345");
      assertEquals(await status(await fetch(server.url + put.url)), 403);
    },
  },
  {
    name: "an archive has permissions, times and symlinks, and unpacks as it was",
    async test({ server, client, session: { created } }) {
      const { language } = created;
      await using session = await TestSession.open(client, { language, runtime: created.runtime });
      const files = new HttpFiles({ server, session });
      const long = `${"long name ".repeat(15)}é`;
      const source: TarSource[] = [
        { type: "directory", name: "sub/", mode: 0o750, mtime: 1_500_000_000 },
        { ...file("sub/run.sh", "#!/bin/sh\n"), mode: 0o755, mtime: 1_600_000_000 },
        { type: "symlink", name: "sub/way", linkName: "run.sh", mode: 0o777 },
        { type: "symlink", name: "sub/up", linkName: "../top.txt", mode: 0o777 },
        { ...file(long, "long"), mode: 0o600, mtime: 1_600_000_001 },
        { ...file("top.txt", "top"), mode: 0o644, mtime: 1_600_000_002 },
      ];
      const put = await files.putArchive(await tar(...source));
      assertEquals([put.status, await put.json()], [
        200,
        { path: "/workspace", entries: 6, bytes: 17 },
      ]);
      const withoutLinkTimes = (lines: string[]) =>
        lines.map((line) => line.replace(/^(symlink \S+ \d+) \d+/, "$1")).toSorted();
      const expected = withoutLinkTimes(await listTar(writeTar(source)));
      const got = await files.archive("", { "accept-encoding": "identity" });
      assertEquals(got.headers.get("content-type"), "application/x-tar");
      assertEquals(withoutLinkTimes(await listTar(got.body!)), expected);
      // fetch asks for compression by itself, and takes it back.
      const zipped = await files.archive();
      assertEquals(withoutLinkTimes(await listTar(zipped.body!)), expected);
      const packed = ReadableStream.from([await tar(file("z.txt", "zip"))])
        .pipeThrough(new CompressionStream("gzip"));
      const into = await files.putArchive(await new Response(packed).bytes(), {
        query: "?path=made/here",
        headers: { "content-encoding": "gzip" },
      });
      assertEquals(await into.json(), { path: "made/here", entries: 1, bytes: 3 });
      assertEquals(await session.read("made/here/z.txt"), "zip");
      const part = await files.archive("?path=made");
      const [, line = ""] = await listTar(part.body!);
      assertStringIncludes(line, "here/z.txt");
      // A symlink is replaced by what comes in its place, and what it led to stays.
      await status(await files.putArchive(await tar(file("sub/up", "mine"))));
      assertEquals([await session.read("sub/up"), await session.read("top.txt")], ["mine", "top"]);
      // A hard link is a file of its own.
      const twice = await tar(file("one", "same"), file("two"));
      const second = twice.subarray(1024);
      asType(second as Uint8Array<ArrayBuffer>, "1", "one");
      // Its content is not there any more.
      const linked = new Blob([twice.subarray(0, 1536), twice.subarray(2048)]);
      assertEquals(await status(await files.putArchive(linked)), 200);
      assertEquals(await session.read("two"), "same");
      assertEquals(await status(await files.archive("?path=sub/way")), 409);
    },
  },
  {
    name: "hostile archives are refused at their first bad entry",
    async test({ server, client, session: { created } }) {
      const { language } = created;
      await using session = await TestSession.open(client, { language, runtime: created.runtime });
      const files = new HttpFiles({ server, session });
      await session.write("target/a.txt", "a");
      const way = { type: "symlink" as const, name: "there", linkName: "target" };
      assertEquals(await status(await files.putArchive(await tar(way))), 200);
      for (const { what, body, says, headers = {} } of await hostileArchives()) {
        const refused = await refusal(await files.putArchive(body, { headers }));
        assertEquals([refused.status, refused.code], [400, "invalid_archive"], what);
        assertStringIncludes(refused.message, says, what);
        assertMatch(refused.message, /written/, what);
      }
      const left = await names(session);
      assertEquals(left.filter((name) => /evil|huge|codebeaker/.test(name)), []);
      assertEquals(await names(session, "/workspace/target"), ["a.txt"]);
      const some = await refusal(await files.putArchive(await tar(file("good"), file("../bad"))));
      assertStringIncludes(some.message, "1 entry with 1 bytes were written before");
      assertEquals(await session.read("good"), "x");
    },
  },
];
