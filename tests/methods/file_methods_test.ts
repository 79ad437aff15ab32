import { assert, assertEquals, assertRejects } from "@std/assert";
import { InvalidParamsError, SandboxError } from "../../src/errors.ts";
import { TestMethods } from "./test_methods.ts";

Deno.test("files.sign signs the path of a file of the caller's session", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const sign = (path: string) => test.peer.call("files.sign", { sessionId, path });
  const { url, method, expiresAt } = await sign("a b/../é#?.txt");
  assertEquals([url, method], [`/sessions/${sessionId}/files/%C3%A9%23%3F.txt?GET`, "GET"]);
  const left = Date.parse(expiresAt) - Date.now();
  assert(left > 290_000 && left <= 300_000);
  assertEquals((await sign("/workspace/x")).url, `/sessions/${sessionId}/files/x?GET`);
  for (const path of ["/etc/passwd", "../x", "/workspace", "."]) {
    await assertRejects(() => sign(path), InvalidParamsError, "inside /workspace", path);
  }
  const other = test.connect("p2", "somebody");
  await assertRejects(
    () => other.call("files.sign", { sessionId, path: "x" }),
    SandboxError,
    "Session not found",
  );
});

Deno.test("files.sign takes a time and, for PUT, a size", async () => {
  await using test = new TestMethods();
  const sessionId = await test.session();
  const sign = (more: object) => test.peer.call("files.sign", { sessionId, path: "x", ...more });
  assertEquals((await sign({ method: "PUT", maxBytes: 5 })).method, "PUT");
  for (const more of [{ expiresInSeconds: 3601 }, { expiresInSeconds: 0 }, { maxBytes: 5 }]) {
    await assertRejects(async () => await sign(more));
  }
});
