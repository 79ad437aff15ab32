import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { Permissions } from "../../src/protocol/permissions.ts";
import { queryEnv, sharedServer } from "../testutil/shared_server.ts";
import type { TestSession } from "../testutil/test_session.ts";
import { WatchedListener } from "../testutil/watched_listener.ts";

const server = sharedServer({
  env: { ONLY_FOR_THE_SERVER: "secret", ...queryEnv(import.meta.url) },
});

function withPermissions(
  permissions: Permissions | undefined,
  run: (session: TestSession) => Promise<void>,
): Promise<void> {
  return server.withSession(run, permissions && { permissions });
}

async function assertRefused(
  session: TestSession,
  code: string,
  words: RegExp,
): Promise<void> {
  const { success, error } = await session.code(code);
  assertEquals(success, false, code);
  assertMatch(error ?? "", words, code);
}

const NOTHING_OUTSIDE: [code: string, words: RegExp][] = [
  [
    "await Deno.readTextFile('/etc/passwd')",
    /Requires read access to "\/etc\/passwd"|No such file/,
  ],
  [
    "Deno.readTextFileSync('../../etc/passwd')",
    /Requires read access|No such file/,
  ],
  ["await Deno.writeTextFile('/tmp/x', '')", /Requires write access/],
  ["Deno.symlinkSync('/etc', '/workspace/etc')", /requires unscoped/],
  ["Deno.env.get('HOME')", /Requires env access to "HOME"/],
  ["Deno.env.get('ONLY_FOR_THE_SERVER')", /Requires env access/],
  ["await new Deno.Command('ls').output()", /Requires run access to "ls"/],
  ["Deno.hostname()", /Requires sys access/],
  ["Deno.dlopen('libc.so.6', {})", /Requires ffi access/],
  [
    "(await import('node:child_process')).execSync('id')",
    /Requires run access|Requires.*access/,
  ],
  ["Deno.kill(Deno.ppid, 'SIGKILL')", /Requires run access/],
  ["Deno.listen({ port: 0 })", /Requires net access/],
  ["await Deno.resolveDns('example.com', 'A')", /Requires net access|no nameservers/],
  [
    "await Deno.permissions.request({ name: 'net' }).then((s) => { if (s.state !== 'granted') throw new Error('state ' + s.state) })",
    /state (denied|prompt)/,
  ],
];

for (
  const permissions of [undefined, {
    allowNet: false,
    allowEnv: false,
    allowRun: false,
  }]
) {
  const title = permissions ? "everything switched off" : "no permissions named";
  Deno.test(`a session with ${title} reaches nothing but its workspace`, () =>
    withPermissions(permissions, async (session) => {
      for (const [code, words] of NOTHING_OUTSIDE) {
        await assertRefused(session, code, words);
      }
      assertEquals(
        await session.output(
          "Deno.writeTextFileSync('a', 'ok'); console.log(1)",
        ),
        "1",
      );
      assertEquals(await session.read("a"), "ok");
    }));
}

Deno.test("fetch is refused without a connection", async () => {
  await using listener = new WatchedListener();
  await withPermissions(undefined, async (session) => {
    const words = new RegExp(`Requires net access to "${listener.host}"`);
    await assertRefused(
      session,
      `await fetch('http://${listener.host}/fetch')`,
      words,
    );
    await assertRefused(
      session,
      `await Deno.connect({ hostname: '127.0.0.1', port: ${listener.host.split(":")[1]} })`,
      words,
    );
    await assertRefused(
      session,
      `new WebSocket('ws://${listener.host}/ws')`,
      words,
    );
    await assertRefused(
      session,
      `new EventSource('http://${listener.host}/events'); await new Promise((r) => setTimeout(r, 50)); throw new Error('Requires')`,
      /Requires/,
    );
  });
  assertEquals(listener.requests, []);
});

Deno.test("remote imports are refused without a connection", async () => {
  await using listener = new WatchedListener();
  await withPermissions(undefined, async (session) => {
    const specifiers = [
      `http://${listener.host}/module.ts`,
      "https://deno.land/std/path/mod.ts",
      "npm:zod",
      "jsr:@std/path",
    ];
    for (const specifier of specifiers) {
      await assertRefused(session, `await import('${specifier}')`, /./);
      await assertRefused(session, `import '${specifier}';`, /./);
      const hidden = `const s = '${specifier}'; await import(s.split('').join(''))`;
      await assertRefused(session, hidden, /./);
    }
    const worker =
      `new Worker('http://${listener.host}/worker.js', { type: 'module' }).onerror = (e) => { throw new Error(e.message) }; await new Promise((r) => setTimeout(r, 300)); throw new Error('end')`;
    await assertRefused(session, worker, /./);
  });
  assertEquals(listener.requests, []);
});

Deno.test("refused imports say which permission is missing", () =>
  withPermissions(undefined, async (session) => {
    await assertRefused(
      session,
      "await import('https://deno.land/std/x.ts')",
      /--no-remote|import access/,
    );
    await assertRefused(session, "await import('npm:zod')", /--no-npm|npm/);
  }));

Deno.test("an empty allowRead list lets code read nothing", () =>
  withPermissions({ allowRead: [] }, async (session) => {
    await session.write("a.txt", "by the API");
    await assertRefused(
      session,
      "Deno.readTextFileSync('a.txt')",
      /Requires read access/,
    );
    await assertRefused(
      session,
      "Deno.readTextFileSync('/workspace/a.txt')",
      /Requires read access/,
    );
    assertEquals(await session.output("console.log('runs')"), "runs");
    assertEquals(await session.read("a.txt"), "by the API");
  }));

Deno.test("allowWrite false lets code read and not write", () =>
  withPermissions({ allowWrite: false }, async (session) => {
    await session.write("a.txt", "text");
    assertEquals(
      await session.output("console.log(Deno.readTextFileSync('a.txt'))"),
      "text",
    );
    await assertRefused(
      session,
      "Deno.writeTextFileSync('a.txt', '')",
      /Requires write access/,
    );
    await assertRefused(
      session,
      "Deno.removeSync('a.txt')",
      /Requires write access/,
    );
    await assertRefused(
      session,
      "Deno.mkdirSync('/workspace/d')",
      /Requires write access/,
    );
    assertEquals(await session.read("a.txt"), "text");
  }));

Deno.test("lists of paths grant just these", () =>
  withPermissions(
    { allowRead: ["/workspace/in"], allowWrite: ["out"] },
    async (session) => {
      await session.write("in/a.txt", "a");
      await session.write("other.txt", "o");
      await session.execute({ type: "create_directory", path: "out" });
      const code =
        "Deno.writeTextFileSync('out/b', Deno.readTextFileSync('/workspace/in/a.txt') + 'b')";
      assertEquals(await session.output(code), "");
      assertEquals(await session.read("out/b"), "ab");
      await assertRefused(
        session,
        "Deno.readTextFileSync('other.txt')",
        /Requires read access/,
      );
      await assertRefused(
        session,
        "Deno.writeTextFileSync('in/x', '')",
        /Requires write access/,
      );
    },
  ));

Deno.test("lists of variables grant just these", () =>
  withPermissions({ allowEnv: ["MINE"] }, async (session) => {
    const env = { MINE: "1", OTHER: "2" };
    assertEquals(
      await session.output("console.log(Deno.env.get('MINE'))", { env }),
      "1",
    );
    const { error } = await session.code("Deno.env.get('OTHER')", { env });
    assertStringIncludes(error ?? "", 'Requires env access to "OTHER"');
  }));

Deno.test("a granted host does not grant another", async () => {
  await using listener = new WatchedListener();
  await withPermissions({ allowNet: ["example.com:443"] }, async (session) => {
    await assertRefused(
      session,
      `await fetch('http://${listener.host}/')`,
      /Requires net access/,
    );
    await assertRefused(
      session,
      "await fetch('http://example.com:80/')",
      /Requires net access/,
    );
  });
  assertEquals(listener.requests, []);
});

const HOSTILE: [permissions: unknown, path: unknown[]][] = [
  [{ allowRead: ["/etc"] }, ["permissions", "allowRead", 0]],
  [{ allowRead: ["/workspace/../etc"] }, ["permissions", "allowRead", 0]],
  [{ allowRead: ["../x"] }, ["permissions", "allowRead", 0]],
  [{ allowRead: ["/workspace,/etc"] }, ["permissions", "allowRead", 0]],
  [{ allowWrite: ["/workspace", "/workspacex"] }, [
    "permissions",
    "allowWrite",
    1,
  ]],
  [{ allowWrite: ["/workspace/a\n--allow-all"] }, [
    "permissions",
    "allowWrite",
    0,
  ]],
  [{ allowWrite: ["/workspace/a\0b"] }, ["permissions", "allowWrite", 0]],
  [{ allowRead: [""] }, ["permissions", "allowRead", 0]],
  [{ allowNet: ["a.example,b.example"] }, ["permissions", "allowNet", 0]],
  [{ allowNet: ["--allow-all"] }, ["permissions", "allowNet", 0]],
  [{ allowNet: ["https://example.com"] }, ["permissions", "allowNet", 0]],
  [{ allowNet: ["example.com:0"] }, ["permissions", "allowNet", 0]],
  [{ allowNet: ["example.com:99999"] }, ["permissions", "allowNet", 0]],
  [{ allowNet: ["unix:/var/run/docker.sock"] }, ["permissions", "allowNet", 0]],
  [{ allowEnv: ["A,B"] }, ["permissions", "allowEnv", 0]],
  [{ allowEnv: ["A=B"] }, ["permissions", "allowEnv", 0]],
  [{ allowEnv: "HOME" }, ["permissions", "allowEnv"]],
  [{ allowFfi: true }, ["permissions"]],
  [{ allowAll: true }, ["permissions"]],
  [{ allowRead: Array.from({ length: 1000 }, () => "a") }, [
    "permissions",
    "allowRead",
  ]],
];

Deno.test("session.create() refuses hostile permission values and says which", async () => {
  await using client = await server.connect();
  for (const [permissions, path] of HOSTILE) {
    const params = { language: "deno", permissions };
    const { code, data } = await client.requestError("session.create", params);
    assertEquals(code, -32602, JSON.stringify(permissions));
    const issues = data.issues as { path: unknown[]; message: string }[];
    assertEquals(
      issues[0]?.path.slice(0, path.length),
      path,
      JSON.stringify(permissions),
    );
    assert(issues[0]!.message.length > 0);
  }
  assertEquals((await client.request("session.list", {})).count, 0);
});

Deno.test("session.create() refuses what the policy does not grant and says how to get there", async () => {
  await using client = await server.connect();
  for (const allowRun of [true, ["git"]]) {
    const params = { language: "deno", permissions: { allowRun } };
    const { code, message, data } = await client.requestError(
      "session.create",
      params,
    );
    assertEquals(code, -32602);
    assertStringIncludes(message, "--deno-allow-run");
    assertEquals((data.issues as { path: unknown[] }[])[0]?.path.slice(0, 2), [
      "permissions",
      "allowRun",
    ]);
  }
});
