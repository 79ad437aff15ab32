import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { ANONYMOUS } from "../../src/auth/key_entry.ts";
import { RequestGuard } from "../../src/auth/request_guard.ts";
import { UrlSigner } from "../../src/auth/url_signer.ts";

const ORIGIN = "http://127.0.0.1:5000";
const pathname = "/sessions/s1/files/a%20b.txt";

async function signer(at = { ms: 1_000_000 }) {
  const urls = await UrlSigner.create({ now: () => at.ms });
  const verify = async (method: string, url: string) => {
    const verdict = await urls.verify(method, new URL(url, ORIGIN));
    return verdict.ok ? "ok" : verdict.code;
  };
  return { urls, at, verify };
}

Deno.test("UrlSigner.verify() takes what was signed, until it expires", async () => {
  const { urls, at, verify } = await signer();
  const url = await urls.sign({ method: "GET", pathname, expiresAt: 1_010_999 });
  assert(url.startsWith(`${pathname}?expires=1010&signature=`));
  assertEquals([await verify("GET", url), await verify("HEAD", url)], ["ok", "ok"]);
  at.ms = 1_009_999;
  assertEquals(await verify("GET", url), "ok");
  at.ms = 1_010_000;
  assertEquals(await verify("GET", url), "signature_expired");
});

Deno.test("UrlSigner.verify() gives back how much may be written", async () => {
  const { urls } = await signer();
  const target = { method: "PUT", pathname, expiresAt: 2_000_000, maxBytes: 0 } as const;
  const url = new URL(await urls.sign(target), ORIGIN);
  assertEquals(await urls.verify("PUT", url), { ok: true, maxBytes: 0 });
});

Deno.test("UrlSigner.verify() refuses another method, path, time, size, signature and signer", async () => {
  const { urls, verify } = await signer();
  const url = await urls.sign({ method: "PUT", pathname, expiresAt: 2_000_000, maxBytes: 9 });
  assertEquals(await verify("PUT", url), "ok");
  for (const method of ["GET", "HEAD", "DELETE", "put"]) {
    assertEquals(await verify(method, url), "signature_wrong", method);
  }
  const changed = [
    url.replace("s1", "s2"),
    url.replace("a%20b", "a%20c"),
    url.replace("/files/", "/files/x/"),
    url.replace("expires=2000", "expires=2001"),
    url.replace("expires=2000", "expires=02000"),
    url.replace("expires=2000&", ""),
    url.replace("maxBytes=9", "maxBytes=99"),
    url.replace("maxBytes=9&", ""),
    url.replace("maxBytes=9", "maxBytes=9&maxBytes=99"),
    url.replace(/signature=.*/, ""),
    `${url}A`,
    url.slice(0, -1),
    url.replace(/signature=./, "signature=!"),
  ];
  for (const other of changed) assertEquals(await verify("PUT", other), "signature_wrong", other);
  const another = await signer();
  assertEquals(await another.verify("PUT", url), "signature_wrong");
});

Deno.test("RequestGuard.check() lets a signed URL in without a key, and nothing else with it", async () => {
  const { urls } = await signer();
  const keys = {
    required: true,
    authenticate: (key: string) => Promise.resolve(key === "good" ? "ci" : undefined),
  };
  const settings = { host: "127.0.0.1", allowedHosts: [], allowedOrigins: [] };
  const guard = new RequestGuard({ ...settings, keys, signatures: urls });
  const check = async (path: string, init: RequestInit = {}) => {
    const verdict = await guard.check(new Request(ORIGIN + path, init));
    return verdict.ok ? verdict : verdict.status;
  };
  const url = await urls.sign({ method: "GET", pathname, expiresAt: 2_000_000 });
  const admission = await check(url);
  assert(typeof admission === "object" && admission.signed !== undefined);
  // Nobody's sessions are this one's.
  assertStringIncludes(admission.caller, " ");
  assert(admission.caller !== ANONYMOUS);
  const query = url.slice(url.indexOf("?"));
  assertEquals(await check(`/rpc${query}`), 401);
  assertEquals(await check(`/sessions/s1/archive${query}`), 403);
  assertEquals(await check(`/sessions/s2/files/a${query}`), 403);
  assertEquals(await check(url, { headers: { origin: "https://evil.example" } }), 403);
  // A wrong signature is not made good by a key, nor a missing key by no signature.
  const headers = { authorization: "Bearer good" };
  assertEquals(await check(`${pathname}?signature=x`, { headers }), 403);
  assertEquals(await check(pathname), 401);
  const plain = await check(pathname, { headers });
  assertEquals(plain, { ok: true, caller: "ci" });
});
