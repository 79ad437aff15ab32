import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { CommandInput, CommandResults } from "../../src/protocol/commands.ts";
import { sharedServer } from "../testutil/shared_server.ts";
import type { TestSession } from "../testutil/test_session.ts";

const MIB = 2 ** 20;
const server = sharedServer();

async function done<T extends CommandInput["type"]>(
  session: TestSession,
  command: CommandInput & { type: T },
): Promise<CommandResults[T]> {
  const { success, error, result, status } = await session.execute(command);
  assertEquals(
    [success, error, status],
    [true, null, "ok"],
    JSON.stringify(command).slice(0, 200),
  );
  return result as CommandResults[T];
}

async function failed(
  session: TestSession,
  command: CommandInput,
): Promise<string> {
  const { success, error, result } = await session.execute(command);
  assertEquals(
    [success, result],
    [false, null],
    JSON.stringify(command).slice(0, 200),
  );
  assert(error !== null && error.length > 0);
  assert(!error.includes(server.process.dataDir), error);
  return error;
}

async function names(
  session: TestSession,
  path = "/workspace",
): Promise<string[]> {
  return (await done(session, { type: "list_directory", path })).entries.map((
    { name },
  ) => name);
}

Deno.test("write_file makes missing parents, overwrites and appends", () =>
  server.withSession(async (session) => {
    const path = `${"deep/".repeat(30)}a.txt`;
    assertEquals(
      await done(session, { type: "write_file", path, content: "one" }),
      {
        path,
        bytes: 3,
      },
    );
    await done(session, {
      type: "write_file",
      path,
      content: "é",
      mode: "Create",
    });
    assertEquals(await session.read(path), "é");
    await done(session, {
      type: "write_file",
      path,
      content: "+",
      mode: "Append",
    });
    await done(session, {
      type: "write_file",
      path: "new.txt",
      content: "n",
      mode: "Append",
    });
    assertEquals([await session.read(path), await session.read("new.txt")], [
      "é+",
      "n",
    ]);
    await done(session, { type: "write_file", path: "empty", content: "" });
    assertEquals(await done(session, { type: "read_file", path: "empty" }), {
      content: "",
      bytes: 0,
    });
  }));

Deno.test("read_file reads ranges", () =>
  server.withSession(async (session) => {
    await session.write("a", "0123456789");
    const range = async (offset?: number, length?: number) => {
      const command = { type: "read_file" as const, path: "a", offset, length };
      return (await done(session, command)).content;
    };
    assertEquals(await range(3, 4), "3456");
    assertEquals(await range(8, 100), "89");
    assertEquals(await range(100, 1), "");
    assertEquals(await range(2), "23456789");
    assertEquals(await range(undefined, 2), "01");
    assertEquals(await range(0, 0), "");
  }));

Deno.test("write_file and read_file keep all 256 byte values in base64", () =>
  server.withSession(async (session) => {
    const bytes = Uint8Array.from({ length: 256 }, (_, i) => i);
    const content = bytes.toBase64();
    const written = await done(session, {
      type: "write_file",
      path: "b",
      content,
      encoding: "base64",
    });
    assertEquals(written.bytes, 256);
    const read = await done(session, {
      type: "read_file",
      path: "b",
      encoding: "base64",
    });
    assertEquals([read.content, read.bytes], [content, 256]);
    const part = {
      type: "read_file",
      path: "b",
      encoding: "base64",
      offset: 250,
    } as const;
    assertEquals(
      (await done(session, part)).content,
      bytes.subarray(250).toBase64(),
    );
    const code = "console.log(Deno.readFileSync('b').every((b, i) => b === i))";
    assertEquals(await session.output(code), "true");
  }));

Deno.test("write_file refuses content that is not base64", () =>
  server.withSession(async (session) => {
    await using client = await server.connect();
    const command = {
      type: "write_file",
      path: "x",
      content: "%%%",
      encoding: "base64",
    };
    const { error, result } = await client.call("session.execute", {
      sessionId: session.id,
      command,
    });
    const envelope = result as { success: boolean; error: string } | undefined;
    assertMatch(error?.message ?? envelope?.error ?? "", /base64/i);
    assertEquals(await names(session), []);
  }));

Deno.test("file commands take every name a file system takes", () =>
  server.withSession(async (session) => {
    const odd = [
      "with space.txt",
      "-rf",
      "--flag=x",
      "new\nline",
      "tab\tname",
      "quote'\"`$(id).txt",
      "emoji 🦕.ts",
      "日本語",
      "한국어.txt",
      "e\u0301-combined",
      "back\\slash",
      "*?[a]{b}",
      ".hidden",
      "...",
      "a".repeat(255),
    ];
    for (const [index, name] of odd.entries()) {
      await session.write(name, `${index}`);
    }
    for (const [index, name] of odd.entries()) {
      assertEquals(await session.read(name), `${index}`, name);
      assertEquals(
        (await done(session, { type: "file_info", path: name })).name,
        name,
      );
    }
    assertEquals((await names(session)).toSorted(), odd.toSorted());
    const code =
      "console.log(JSON.stringify([...Deno.readDirSync('.')].map((e) => e.name).sort()))";
    assertEquals(JSON.parse(await session.output(code)), odd.toSorted());
    for (const path of odd) await done(session, { type: "delete_file", path });
    assertEquals(await names(session), []);
  }));

Deno.test("list_directory sorts by name and tells types and sizes", () =>
  server.withSession(async (session) => {
    for (const name of ["b.txt", "a.txt", "c/inner.txt"]) {
      await session.write(name, "12345");
    }
    const { path, entries } = await done(session, {
      type: "list_directory",
      path: "/workspace",
    });
    assertEquals(path, "/workspace");
    const shown = entries.map((entry) => [entry.name, entry.path, entry.type]);
    assertEquals(shown, [
      ["a.txt", "/workspace/a.txt", "file"],
      ["b.txt", "/workspace/b.txt", "file"],
      ["c", "/workspace/c", "directory"],
    ]);
    assertEquals(entries[0]!.size, 5);
    assert(!Number.isNaN(Date.parse(entries[0]!.modifiedAt)));
    assertEquals(await names(session, "c"), ["inner.txt"]);
    assertStringIncludes(
      await failed(session, { type: "list_directory", path: "none" }),
      "none",
    );
    await failed(session, { type: "list_directory", path: "a.txt" });
  }));

Deno.test("file_info tells what a path is", () =>
  server.withSession(async (session) => {
    await session.write("d/a.txt", "123");
    const file = await done(session, { type: "file_info", path: "d/a.txt" });
    assertEquals([file.name, file.type, file.size], ["a.txt", "file", 3]);
    const directory = await done(session, {
      type: "file_info",
      path: "/workspace/d",
    });
    assertEquals([directory.name, directory.type], ["d", "directory"]);
    assertEquals(
      (await done(session, { type: "file_info", path: "/workspace" })).type,
      "directory",
    );
    assertStringIncludes(
      await failed(session, { type: "file_info", path: "none" }),
      "none",
    );
  }));

Deno.test("copy_file copies, overwrites and makes parents", () =>
  server.withSession(async (session) => {
    await session.write("a", "content");
    const command = {
      type: "copy_file",
      sourcePath: "a",
      destinationPath: "x/y/b",
    } as const;
    const { type: _, ...paths } = command;
    assertEquals(await done(session, command), { ...paths, bytes: 7 });
    await session.write("a", "new");
    await done(session, command);
    assertEquals([await session.read("x/y/b"), await session.read("a")], [
      "new",
      "new",
    ]);
    const missing = {
      type: "copy_file",
      sourcePath: "nope",
      destinationPath: "b",
    } as const;
    assertEquals(await failed(session, missing), "File not found: nope");
  }));

Deno.test("move_file moves files and directories", () =>
  server.withSession(async (session) => {
    await session.write("dir/a", "1");
    const file = {
      type: "move_file",
      sourcePath: "dir/a",
      destinationPath: "dir/b",
    } as const;
    assertEquals(await done(session, file), {
      sourcePath: "dir/a",
      destinationPath: "dir/b",
    });
    await done(session, {
      type: "move_file",
      sourcePath: "dir",
      destinationPath: "other/place",
    });
    assertEquals(await session.read("other/place/b"), "1");
    assertEquals(await names(session), ["other"]);
    const missing = {
      type: "move_file",
      sourcePath: "nope",
      destinationPath: "b",
    } as const;
    assertEquals(await failed(session, missing), "File not found: nope");
  }));

Deno.test("delete_file needs recursive for a directory that is not empty", () =>
  server.withSession(async (session) => {
    await session.write("d/a", "1");
    assertMatch(
      await failed(session, { type: "delete_file", path: "d" }),
      /recursive/,
    );
    assertEquals(await session.read("d/a"), "1");
    await done(session, { type: "delete_file", path: "d", recursive: true });
    assertEquals(await names(session), []);
    assertEquals(
      await failed(session, { type: "delete_file", path: "d/a" }),
      "File not found: d/a",
    );
    await failed(session, {
      type: "delete_file",
      path: "/workspace",
      recursive: true,
    });
  }));

Deno.test("create_directory makes parents and accepts one that exists", () =>
  server.withSession(async (session) => {
    const path = "/workspace/a/b/c";
    for (let i = 0; i < 2; i++) {
      assertEquals(await done(session, { type: "create_directory", path }), {
        path,
      });
    }
    await session.write("file", "");
    await failed(session, { type: "create_directory", path: "file" });
    await failed(session, { type: "create_directory", path: "file/below" });
    await failed(session, { type: "write_file", path: "a/b", content: "" });
    await failed(session, { type: "read_file", path: "a/b" });
  }));

const OUTSIDE = [
  "../x",
  "/etc/passwd",
  "/workspace/../etc/passwd",
  "/workspacex",
  "/workspace/a/../../etc/passwd",
  "a/../../x",
  "/",
  "..",
  "/proc/self/environ",
  "//etc/passwd",
];
const IMPOSSIBLE = ["", "a\0b", "x/".repeat(5000), "n".repeat(256)];

Deno.test("file commands refuse paths that lead outside the workspace", () =>
  server.withSession(async (session) => {
    await session.write("inside", "1");
    for (const path of OUTSIDE) {
      const commands: CommandInput[] = [
        { type: "read_file", path },
        { type: "write_file", path, content: "x" },
        { type: "create_directory", path },
        { type: "delete_file", path, recursive: true },
        { type: "list_directory", path },
        { type: "file_info", path },
        { type: "copy_file", sourcePath: path, destinationPath: "copied" },
        { type: "copy_file", sourcePath: "inside", destinationPath: path },
        { type: "move_file", sourcePath: path, destinationPath: "moved" },
        { type: "move_file", sourcePath: "inside", destinationPath: path },
      ];
      for (const command of commands) {
        assertMatch(await failed(session, command), /outside/, path);
      }
    }
    assertEquals(await names(session), ["inside"]);
  }));

Deno.test("file commands refuse paths that cannot be", () =>
  server.withSession(async (session) => {
    await using client = await server.connect();
    for (const path of IMPOSSIBLE) {
      for (
        const type of [
          "read_file",
          "create_directory",
          "delete_file",
          "file_info",
        ]
      ) {
        const params = { sessionId: session.id, command: { type, path } };
        const { error, result } = await client.call("session.execute", params);
        const refused = error?.code === -32602 ||
          (result as { success: boolean }).success === false;
        assert(refused, `${type} ${JSON.stringify(path.slice(0, 20))}`);
      }
    }
    assertEquals(await names(session), []);
  }));

Deno.test("a file of 50 MB goes in and out", () =>
  server.withSession(async (session) => {
    const content = "0123456789abcdef".repeat(50 * MIB / 16);
    const written = await done(session, {
      type: "write_file",
      path: "big",
      content,
    });
    assertEquals(written.bytes, 50 * MIB);
    const read = await done(session, { type: "read_file", path: "big" });
    assertEquals(read.bytes, 50 * MIB);
    assert(read.content === content, "the content came back changed");
    assertEquals(
      (await done(session, { type: "file_info", path: "big" })).size,
      50 * MIB,
    );
  }));

Deno.test("a file over the limit is refused, to write and to read, with the limit named", () =>
  server.withSession(async (session) => {
    await using client = await server.connect();
    const size = 65 * MIB;
    const response = await fetch(`${server.process.url}/rpc`, {
      method: "POST",
      headers: { "Content-Type": "application/json" },
      body: JSON.stringify({
        jsonrpc: "2.0",
        id: 1,
        method: "session.execute",
        params: {
          sessionId: session.id,
          command: { type: "write_file", path: "big", content: "x".repeat(size) },
        },
      }),
    });
    const refused = (await response.json()).error;
    assertEquals(refused.code, -32006);
    assertMatch(refused.message, /64 ?MiB|67108864/);
    const make =
      `const f = Deno.openSync('made', { create: true, write: true }); f.truncateSync(${size})`;
    await session.output(make);
    const command = { type: "read_file", path: "made" };
    const unread = await client.requestError("session.execute", {
      sessionId: session.id,
      command,
    });
    assertEquals(unread.code, -32006);
    const part = {
      type: "read_file",
      path: "made",
      offset: size - 2,
      length: 10,
    } as const;
    assertEquals((await done(session, part)).bytes, 2);
  }));
