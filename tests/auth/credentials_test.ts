import { assertEquals } from "@std/assert";
import { findKeyParameter, keySubprotocol, readCredentials } from "../../src/auth/credentials.ts";

const KEY = "abc/def+ghi.jkl~mno==";

Deno.test("readCredentials() reads the Authorization header", async (t) => {
  const table: [string, string | undefined][] = [
    [`Bearer ${KEY}`, KEY],
    [`bearer   ${KEY}`, KEY],
    [`Bearer ${KEY} `, KEY],
    ["Bearer", undefined],
    ["Bearer ", undefined],
    [KEY, undefined],
    [`Basic ${KEY}`, undefined],
    [`Bearer ${KEY} more`, undefined],
    [`Bearer ${KEY}, Bearer ${KEY}`, undefined],
    [`Bearer ${"x".repeat(5000)}`, undefined],
  ];
  for (const [header, key] of table) {
    await t.step(header.slice(0, 40), () => {
      assertEquals(readCredentials(new Headers({ authorization: header })).key, key);
    });
  }
});

Deno.test("readCredentials() reads the subprotocols of an upgrade", async (t) => {
  const own = keySubprotocol(KEY);
  const table: [string, string | undefined, boolean, string | undefined][] = [
    ["codebeaker.v1", undefined, false, "codebeaker.v1"],
    [`codebeaker.v1, ${own}`, KEY, true, "codebeaker.v1"],
    [`${own},codebeaker.v1`, KEY, true, "codebeaker.v1"],
    [own, KEY, true, undefined],
    [`codebeaker.v1, ${own}, ${own}`, undefined, true, "codebeaker.v1"],
    ["codebeaker.v1, codebeaker.key.", undefined, true, "codebeaker.v1"],
    ["codebeaker.v1, codebeaker.key.!!", undefined, true, "codebeaker.v1"],
    ["codebeaker.v1, codebeaker.key.a", undefined, true, "codebeaker.v1"],
    ["codebeaker.v1, codebeaker.key._w", undefined, true, "codebeaker.v1"],
    ["jsonrpc", undefined, false, undefined],
    [`codebeaker.v1, ${"x".repeat(5000)}`, undefined, false, undefined],
  ];
  for (const [header, key, keyAsProtocol, protocol] of table) {
    await t.step(header.slice(0, 60), () => {
      const headers = new Headers({ upgrade: "WebSocket", "sec-websocket-protocol": header });
      assertEquals(readCredentials(headers), { key, keyAsProtocol, protocol });
    });
  }
});

Deno.test("readCredentials() takes no subprotocol without an upgrade", () => {
  const headers = new Headers({
    "sec-websocket-protocol": `codebeaker.v1, ${keySubprotocol(KEY)}`,
  });
  assertEquals(readCredentials(headers), {
    key: undefined,
    keyAsProtocol: false,
    protocol: undefined,
  });
});

Deno.test("keySubprotocol() makes a token of any key", () => {
  assertEquals(keySubprotocol("~~~???"), "codebeaker.key.fn5-Pz8_");
});

Deno.test("findKeyParameter() finds a key in a query by its name", () => {
  for (const name of ["token", "api_key", "API-KEY", "access_token", "key", "Authorization"]) {
    assertEquals(findKeyParameter(new URLSearchParams(`x=1&${name}=abc`)), name);
  }
  assertEquals(findKeyParameter(new URLSearchParams("monkey=1&sessionId=2&tokens=3")), undefined);
});
