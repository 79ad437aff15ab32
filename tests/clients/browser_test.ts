import { assert, assertEquals } from "@std/assert";
import { differences } from "../testutil/pattern.ts";
import { findBrowser, requirement } from "../testutil/requirement.ts";
import { runProgram } from "../testutil/run_program.ts";
import { startServer } from "../testutil/server_process.ts";
import { within } from "../testutil/within.ts";

/** The guide's script for browsers and its first request; what it sees is reported to the test. */
function page(wsUrl: string): string {
  return `<!doctype html><title>client</title><script>
let sessionId;
const responses = [];
const report = (body) => fetch('/report', { method: 'POST', body: JSON.stringify(body) });
const ws = new WebSocket('${wsUrl}');

ws.onopen = () => {
  console.log('Connected to CodeBeaker');
  sendRequest('session.create', { language: 'deno' });
};

ws.onmessage = (event) => {
  const response = JSON.parse(event.data);
  console.log('Response:', response);
  responses.push(response);
  if (response.id === 1) {
    sessionId = response.result.sessionId;
    const command = { type: 'execute_code', code: "console.log('Hello from Deno!')" };
    sendRequest('session.execute', { sessionId: sessionId, command: command }, 2);
  } else if (response.id === 2) {
    sendRequest('session.close', { sessionId: sessionId }, 3);
  } else if (response.id === 3) report(responses);
};

ws.onerror = (error) => {
  console.error('WebSocket error:', error);
  report('refused');
};

// JSON-RPC 요청 전송
function sendRequest(method, params, id = 1) {
  ws.send(JSON.stringify({
    jsonrpc: '2.0',
    id: id,
    method: method,
    params: params
  }));
}
</script><img src="/reported">`;
}

const FLAGS = [
  "--headless",
  "--no-sandbox",
  "--disable-gpu",
  "--disable-quic",
  "--disable-dev-shm-usage",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
];

/** A page on loopback and what its script reports. */
class ReportingPage implements AsyncDisposable {
  /** The page. */
  html = "";
  readonly #report = Promise.withResolvers<unknown>();
  readonly #server: Deno.HttpServer<Deno.NetAddr>;

  constructor() {
    const options = { hostname: "127.0.0.1", port: 0, onListen() {} };
    this.#server = Deno.serve(options, (request) => this.#answer(request));
  }

  get origin(): string {
    return `http://127.0.0.1:${this.#server.addr.port}`;
  }

  /** Opens the page in a browser and returns what its script reports. */
  async open(): Promise<unknown> {
    const profile = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
    const flags = [...FLAGS, `--user-data-dir=${profile}`, "--dump-dom", this.origin];
    try {
      const { code, stderr } = await runProgram((await findBrowser())!, flags);
      assertEquals(code, 0, stderr);
      return await within(this.#report.promise, 5_000, "the report of the page");
    } finally {
      await Deno.remove(profile, { recursive: true });
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #answer(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (pathname === "/") {
      return new Response(this.html, { headers: { "content-type": "text/html; charset=utf-8" } });
    }
    if (pathname === "/report") this.#report.resolve(await request.json());
    // The page is loaded, and the browser ends, only when its image is answered.
    if (pathname === "/reported") await this.#report.promise;
    return new Response(null, { status: 204 });
  }
}

const browser = await requirement("browser");

Deno.test({
  name: "the guide's browser client works from a page whose origin is allowed",
  ...browser,
  async fn() {
    await using web = new ReportingPage();
    const env = { CODEBEAKER_ALLOWED_ORIGINS: web.origin };
    await using server = await startServer({ env });
    web.html = page(server.wsUrl);
    const report = await web.open() as { id?: number }[];
    const expected = [
      { jsonrpc: "2.0", id: 1, result: { sessionId: "$id", language: "deno", state: "Active" } },
      { jsonrpc: "2.0", id: 2, result: { success: true, result: "Hello from Deno!", error: null } },
      { jsonrpc: "2.0", id: 3, result: { sessionId: "$id", closed: true } },
    ];
    assert(Array.isArray(report), JSON.stringify(report));
    assertEquals(differences(report.filter(({ id }) => id !== undefined), expected), []);
  },
});

Deno.test({
  name: "the guide's browser client is refused from a page of another origin",
  ...browser,
  async fn() {
    await using web = new ReportingPage();
    await using server = await startServer();
    web.html = page(server.wsUrl);
    assertEquals(await web.open(), "refused");
  },
});
