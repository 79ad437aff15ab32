import { assertEquals, assertThrows } from "@std/assert";
import { OriginPolicy } from "../../src/auth/origin.ts";

Deno.test("OriginPolicy.allows() lets the server's own and configured pages in", async (t) => {
  const policy = new OriginPolicy({
    allowedOrigins: ["https://App.example.com", "http://dev.lan:3000", "chrome-extension://abcdef"],
  });
  const host = "localhost:5000";
  const table: [string | null, string, boolean][] = [
    [null, host, true],
    ["http://localhost:5000", host, true],
    ["HTTP://LOCALHOST:5000", host, true],
    ["https://localhost:5000", host, true],
    ["http://localhost.:5000", host, true],
    ["https://code.example.com", "code.example.com", true],
    ["https://code.example.com", "code.example.com:443", true],
    ["http://code.example.com", "code.example.com:443", false],
    ["http://[::1]:5000", "[0:0::1]:5000", true],
    ["https://app.example.com", host, true],
    ["https://app.example.com:443", host, true],
    ["http://dev.lan:3000", host, true],
    ["chrome-extension://abcdef", host, true],
    ["http://app.example.com", host, false],
    ["https://app.example.com:444", host, false],
    ["https://x.app.example.com", host, false],
    ["http://dev.lan", host, false],
    ["chrome-extension://other", host, false],
    ["null", host, false],
    ["", host, false],
    ["*", host, false],
    ["file://", host, false],
    ["localhost:5000", host, false],
    ["//localhost:5000", host, false],
    ["http://localhost", host, false],
    ["http://localhost:3000", host, false],
    ["http://127.0.0.1:5000", host, false],
    ["ftp://localhost:5000", host, false],
    ["http://evil.example", host, false],
    ["http://localhost:5000.evil.example", host, false],
    ["http://localhost:5000@evil.example", host, false],
    ["http://evil.example#localhost:5000", host, false],
    ["http://evil.example/localhost:5000", host, false],
    ["http://localhost:5000/", host, false],
    ["http://localhost:5000, http://evil.example", host, false],
    ["http://evil.example, http://localhost:5000", host, false],
    ["http://localhost:5000 http://evil.example", host, false],
    ["http:\\\\localhost:5000", host, false],
    ["http:/localhost:5000", host, false],
    ["http://" + "a".repeat(100_000), host, false],
    ["javascript://localhost:5000", host, false],
    ["http://localhost:5000", "localhost:5000, evil", false],
    ["http://", "", false],
  ];
  for (const [origin, hostHeader, expected] of table) {
    await t.step(`${origin?.slice(0, 60)} to ${hostHeader}`, () => {
      assertEquals(policy.allows(origin, hostHeader), expected);
    });
  }
});

Deno.test("OriginPolicy() refuses a configured origin that is none", () => {
  for (
    const origin of ["*", "null", "example.com", "https://example.com/path", "https://*.a.example"]
  ) {
    assertThrows(
      () => new OriginPolicy({ allowedOrigins: [origin] }),
      TypeError,
      "Cannot allow origin",
    );
  }
});
