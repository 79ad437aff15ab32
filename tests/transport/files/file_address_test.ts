import { assertEquals } from "@std/assert";
import { parseFileAddress } from "../../../src/transport/files/file_address.ts";

const parse = (path: string) => parseFileAddress(new URL(path, "http://127.0.0.1"));

Deno.test("parseFileAddress() reads files and archives", () => {
  assertEquals(parse("/sessions/s/files/a%20b/%C3%A9?x=1"), {
    kind: "file",
    sessionId: "s",
    path: "a b/é",
  });
  assertEquals(parse("/sessions/s/archive"), {
    kind: "archive",
    sessionId: "s",
    path: "/workspace",
  });
  assertEquals(parse("/sessions/s/archive?path=a%2Fb"), {
    kind: "archive",
    sessionId: "s",
    path: "a/b",
  });
});

Deno.test("parseFileAddress() knows what is no address and what no path", () => {
  for (
    const path of [
      "/sessions/s",
      "/sessions/s/files/",
      "/sessions/s/files/../../x",
      "/sessions//archive",
    ]
  ) {
    assertEquals(parse(path).kind, "unknown", path);
  }
  const wrong = [
    ...["a//b", "a/", "..%2Fx", "a%2F..%2Fb", "%00", "%E9", "a%2Fb", `${"x".repeat(5000)}`],
  ];
  for (const path of wrong) assertEquals(parse(`/sessions/s/files/${path}`).kind, "wrong", path);
  assertEquals(parse("/sessions/s/archive?path=%00").kind, "wrong");
});
