import { assertEquals, assertThrows } from "@std/assert";
import {
  HostPolicy,
  isIpAddress,
  isLoopback,
  parseHost,
  parseHostName,
} from "../../src/auth/host.ts";

Deno.test("parseHost() normalises what is a host", async (t) => {
  const table: [string, string, string][] = [
    ["localhost", "localhost", ""],
    ["LocalHost:5000", "localhost", "5000"],
    ["localhost.", "localhost", ""],
    ["example.com:80", "example.com", ""],
    ["example.com:0080", "example.com", ""],
    ["[::1]:5000", "[::1]", "5000"],
    ["[0:0:0:0:0:0:0:1]", "[::1]", ""],
    ["127.1", "127.0.0.1", ""],
    ["0x7f000001", "127.0.0.1", ""],
    ["2130706433:1", "127.0.0.1", "1"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example", ""],
  ];
  for (const [text, name, port] of table) {
    await t.step(text, () => assertEquals(parseHost(text), { name, port }));
  }
});

Deno.test("parseHost() refuses what is more or less than a host", async (t) => {
  const table = [
    "",
    " ",
    ":5000",
    "localhost:",
    "localhost:99999",
    "localhost:-1",
    "localhost:5000:5000",
    "localhost..",
    ".",
    "local host",
    "localhost\t",
    "localhost\0",
    "localhost/",
    "localhost/x",
    "localhost?x",
    "localhost#x",
    "localhost\\x",
    "localhost, evil.example",
    "user@localhost",
    "localhost@evil.example",
    "user:pass@localhost",
    "%6cocalhost",
    "*",
    "*.example.com",
    "http://localhost",
    "::1",
    "[::1",
    "[::1]x",
    "[fe80::1%25eth0]",
    "[evil]",
    "ｌｏｃａｌｈｏｓｔ",
    "localhost\u00ad",
    "256.256.256.256",
    "a".repeat(301),
  ];
  for (const text of table) {
    await t.step(JSON.stringify(text), () => assertEquals(parseHost(text), undefined));
  }
});

Deno.test("parseHostName() takes IPv6 without brackets and no port", () => {
  assertEquals(parseHostName("::1"), "[::1]");
  assertEquals(parseHostName("[::1]"), "[::1]");
  assertEquals(parseHostName("::"), "[::]");
  assertEquals(parseHostName("Example.com"), "example.com");
  assertEquals(parseHostName("example.com:80"), undefined);
  assertEquals(parseHostName("[::1]:80"), undefined);
  assertEquals(parseHostName("https://example.com"), undefined);
});

Deno.test("isLoopback() knows this machine's own names", async (t) => {
  const table: [string, boolean][] = [
    ["localhost", true],
    ["127.0.0.1", true],
    ["127.255.255.254", true],
    ["[::1]", true],
    ["0.0.0.0", false],
    ["[::]", false],
    ["128.0.0.1", false],
    ["127.0.0.1.evil.example", false],
    ["localhost.evil.example", false],
    ["evil.localhost", false],
    ["127.evil.example", false],
    ["[::ffff:7f00:1]", false],
  ];
  for (const [name, expected] of table) {
    await t.step(name, () => assertEquals(isLoopback(name), expected));
  }
});

Deno.test("isIpAddress() tells addresses from names", () => {
  assertEquals(isIpAddress("10.0.0.1"), true);
  assertEquals(isIpAddress("[fe80::1]"), true);
  assertEquals(isIpAddress("10.0.0.1.example"), false);
});

Deno.test("HostPolicy.allows() refuses every name that was not configured", async (t) => {
  const local = new HostPolicy({ host: "127.0.0.1" });
  const named = new HostPolicy({
    host: "box.lan",
    allowedHosts: ["Code.Example.com.", "10.1.2.3"],
  });
  const everywhere = new HostPolicy({ host: "0.0.0.0", allowedHosts: ["code.example.com"] });
  const everywhere6 = new HostPolicy({ host: "::" });
  const table: [HostPolicy, string, boolean][] = [
    [local, "localhost:1234", true],
    [local, "127.9.9.9", true],
    [local, "[::1]:5000", true],
    [local, "evil.example:5000", false],
    [local, "192.168.1.5:5000", false],
    [local, "0.0.0.0:5000", false],
    [local, "localhost.evil.example", false],
    [named, "box.lan:5000", true],
    [named, "BOX.LAN.", true],
    [named, "code.example.com", true],
    [named, "x.code.example.com", false],
    [named, "10.1.2.3:1", true],
    [named, "10.1.2.4:1", false],
    [everywhere, "192.168.1.5:5000", true],
    [everywhere, "[fd00::1]:5000", true],
    [everywhere, "code.example.com:5000", true],
    [everywhere, "evil.example:5000", false],
    [everywhere6, "192.168.1.5", true],
    [everywhere6, "evil.example", false],
  ];
  for (const [policy, header, expected] of table) {
    await t.step(header, () => {
      const host = parseHost(header);
      assertEquals(host !== undefined && policy.allows(host), expected);
    });
  }
});

Deno.test("HostPolicy() refuses a configured host that is none", () => {
  for (const host of ["https://example.com", "example.com:80", "*", ""]) {
    assertThrows(
      () => new HostPolicy({ host: "127.0.0.1", allowedHosts: [host] }),
      TypeError,
      "Cannot allow host",
    );
  }
});
