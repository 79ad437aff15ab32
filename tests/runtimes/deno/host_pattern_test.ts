import { assertEquals } from "@std/assert";
import {
  coversHost,
  formatHostPattern,
  type HostPattern,
  parseHostPattern,
} from "../../../src/runtimes/deno/host_pattern.ts";

Deno.test("parseHostPattern() writes every form of a host in one way", () => {
  const cases: [text: string, canonical: string][] = [
    ["example.com", "example.com"],
    ["EXAMPLE.com.", "example.com"],
    ["example.com:443", "example.com:443"],
    ["*.example.com", "*.example.com"],
    ["127.0.0.1", "127.0.0.1"],
    ["127.1", "127.0.0.1"],
    ["0x7f.1", "127.0.0.1"],
    ["2130706433:80", "127.0.0.1:80"],
    ["[::1]:8080", "[::1]:8080"],
    ["[0:0:0:0:0:0:0:1]", "[::1]"],
    ["xn--bcher-kva.example", "xn--bcher-kva.example"],
    ["_dmarc.example.com", "_dmarc.example.com"],
  ];
  for (const [text, canonical] of cases) {
    const pattern = parseHostPattern(text);
    assertEquals(typeof pattern === "string" ? pattern : formatHostPattern(pattern), canonical);
  }
});

Deno.test("parseHostPattern() refuses what is no host", () => {
  const hostile = [
    "",
    " ",
    "https://example.com",
    "example.com/path",
    "example.com:0",
    "example.com:65536",
    "example.com:",
    "example.com:80:80",
    "a,b",
    "a\nb",
    "a\0b",
    "-A",
    "--allow-all",
    "*",
    "*.*",
    "ex*mple.com",
    "user@example.com",
    "[::1",
    "::1",
    "unix:/var/run/docker.sock",
    "bücher.example",
    "a..b",
    "256.256.256.256",
    `${"a".repeat(64)}.com`,
    `${"a.".repeat(130)}com`,
  ];
  for (const text of hostile) {
    assertEquals(typeof parseHostPattern(text), "string", `accepted ${JSON.stringify(text)}`);
  }
});

Deno.test("coversHost() compares name and port", () => {
  const cases: [allowed: string, wanted: string, covers: boolean][] = [
    ["example.com", "example.com", true],
    ["example.com", "example.com:443", true],
    ["example.com:443", "example.com:443", true],
    ["example.com:443", "example.com", false],
    ["example.com:443", "example.com:80", false],
    ["example.com", "api.example.com", false],
    ["*.example.com", "api.example.com:80", true],
    ["*.example.com", "*.example.com", true],
    ["*.example.com", "*.api.example.com", true],
    ["*.example.com", "example.com", false],
    ["*.example.com", "badexample.com", false],
  ];
  for (const [allowed, wanted, covers] of cases) {
    const [a, w] = [allowed, wanted].map(parseHostPattern) as [HostPattern, HostPattern];
    assertEquals(coversHost(a, w), covers, `${allowed} covers ${wanted}`);
  }
});
