import { type App, startApp } from "./app.ts";
import { loadConfig } from "./config/load.ts";
import type { Config } from "./config/schema.ts";
import { configureLogging } from "./logging/configure_logging.ts";
import { StartError } from "./start_error.ts";
import { VERSION } from "./version.ts";
import { getLogger } from "@logtape/logtape";

/** A start that is refused because of its settings. */
const EXIT_USAGE = 2;
const EXIT_FAILURE = 1;
/** Ended by a second signal, while the first was being obeyed. */
const EXIT_FORCED = 130;
/**
 * Signals so close to the first are the same one: a terminal sends it to everybody, and whoever started the
 * server, such as `deno task`, hands it on.
 */
const SAME_SIGNAL_MS = 1000;

const encoder = new TextEncoder();

if (import.meta.main) Deno.exit(await main());

async function main(): Promise<number> {
  const loaded = await loadConfig({
    args: Deno.args,
    env: Deno.env.toObject(),
    readTextFile: Deno.readTextFile,
  });
  switch (loaded.kind) {
    case "help":
      return print(loaded.text);
    case "version":
      return print(`codebeaker ${VERSION}\n`);
    case "error":
      return refuse(loaded.problems);
    case "config":
      return await run(loaded.config);
  }
}

async function run(config: Config): Promise<number> {
  await using _logging = configureLogging({ level: config.logLevel, format: config.logFormat });
  using _rejections = logRejections();
  try {
    await using app = await startApp(config);
    print(`CodeBeaker ${VERSION} listening on ${app.url}\n`);
    await stopSignal(app);
    return 0;
  } catch (error) {
    if (error instanceof StartError) return refuse(error.problems);
    getLogger(["codebeaker"]).fatal("The server ended: {error}", { error });
    return EXIT_FAILURE;
  }
}

/** Waits for the first signal and closes the app; a second one ends the process at once. */
async function stopSignal(app: App): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let askedAt: number | undefined;
  const stop = () => {
    if (askedAt === undefined) {
      askedAt = performance.now();
      resolve(app.close());
    } else if (performance.now() - askedAt > SAME_SIGNAL_MS) {
      Deno.exit(EXIT_FORCED);
    }
  };
  Deno.addSignalListener("SIGINT", stop);
  Deno.addSignalListener("SIGTERM", stop);
  try {
    await promise;
  } finally {
    Deno.removeSignalListener("SIGINT", stop);
    Deno.removeSignalListener("SIGTERM", stop);
  }
}

/** Whatever one request left unhandled must not end the sessions of all the others. */
function logRejections(): Disposable {
  const log = (event: PromiseRejectionEvent) => {
    event.preventDefault();
    getLogger(["codebeaker"]).error("Unhandled rejection: {error}", { error: event.reason });
  };
  globalThis.addEventListener("unhandledrejection", log);
  return { [Symbol.dispose]: () => globalThis.removeEventListener("unhandledrejection", log) };
}

function print(text: string): number {
  Deno.stdout.writeSync(encoder.encode(text));
  return 0;
}

function refuse(problems: readonly string[]): number {
  const lines = problems.map((problem) => `codebeaker: ${problem}\n`).join("");
  Deno.stderr.writeSync(encoder.encode(`${lines}codebeaker: see --help\n`));
  return EXIT_USAGE;
}
