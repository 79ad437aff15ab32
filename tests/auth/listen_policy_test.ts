import { assertEquals, assertStringIncludes } from "@std/assert";
import { decideListen } from "../../src/auth/listen_policy.ts";

Deno.test("decideListen() keeps a server without keys on loopback", async (t) => {
  const table: [string, boolean, boolean, "ok" | "warning" | "refused"][] = [
    ["127.0.0.1", false, false, "ok"],
    ["127.8.8.8", false, false, "ok"],
    ["localhost", false, false, "ok"],
    ["::1", false, false, "ok"],
    ["127.0.0.1", false, true, "ok"],
    ["0.0.0.0", true, false, "ok"],
    ["example.com", true, true, "ok"],
    ["0.0.0.0", false, true, "warning"],
    ["::", false, true, "warning"],
    ["0.0.0.0", false, false, "refused"],
    ["0", false, false, "refused"],
    ["::", false, false, "refused"],
    ["192.168.1.5", false, false, "refused"],
    ["::ffff:127.0.0.1", false, false, "refused"],
    ["localhost.evil.example", false, false, "refused"],
    ["box.lan", false, false, "refused"],
    ["", false, true, "refused"],
    ["http://localhost", true, true, "refused"],
  ];
  for (const [host, keysRequired, insecure, expected] of table) {
    await t.step(`${host} ${keysRequired} ${insecure}`, () => {
      const decision = decideListen({ host, keysRequired, insecure });
      const outcome = !decision.ok ? "refused" : decision.warning === undefined ? "ok" : "warning";
      assertEquals(outcome, expected);
    });
  }
});

Deno.test("decideListen() says how to go on", () => {
  const decision = decideListen({ host: "0.0.0.0", keysRequired: false, insecure: false });
  const message = decision.ok ? "" : decision.message;
  for (const way of ["CODEBEAKER_API_KEYS", "--api-keys-file", "127.0.0.1", "--insecure"]) {
    assertStringIncludes(message, way);
  }
});
