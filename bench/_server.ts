import { fromFileUrl, join } from "@std/path";
import { type ServingProcess, startProcess } from "./_process.ts";

/** Options of {@linkcode startServer}. */
export interface ServerOptions {
  /** Scratch directory; the server's data goes into a new one inside. */
  readonly directory: string;
  /** Its data directory, which is removed in the end; by default a new one inside `directory`. */
  readonly dataDirectory?: string;
  /** Environment variables, such as settings of the server. */
  readonly env?: Readonly<Record<string, string>>;
}

/** A CodeBeaker server in a process of its own. Disposing stops it and removes its data. */
export interface BenchServer extends AsyncDisposable {
  readonly pid: number;
  /** Where it listens, without a slash at the end. */
  readonly origin: string;
  /** Where its WebSocket is. */
  readonly url: string;
}

const ROOT = fromFileUrl(new URL("..", import.meta.url));

/** Starts the server as `deno task start` does, on a free port with an empty data directory. */
export async function startServer(
  options: ServerOptions,
): Promise<BenchServer> {
  const { dataDirectory = await makeDataDirectory(options.directory) } = options;
  const serving = await startProcess({
    args: await startArguments(),
    env: {
      CODEBEAKER_HOST: "127.0.0.1",
      CODEBEAKER_PORT: "0",
      CODEBEAKER_DATA_DIR: dataDirectory,
      CODEBEAKER_LOG_LEVEL: "warning",
      CODEBEAKER_DOCKER: "off",
      ...options.env,
    },
    ready: /^CodeBeaker .* listening on (http:\/\/\S+)$/m,
  });
  const origin = serving.said.replace(/\/$/, "");
  return {
    pid: serving.pid,
    origin,
    url: `${origin.replace(/^http/, "ws")}/ws/jsonrpc`,
    [Symbol.asyncDispose]: () => disposeServer(serving, dataDirectory),
  };
}

/** Makes an empty data directory inside a scratch directory. */
export function makeDataDirectory(directory: string): Promise<string> {
  return Deno.makeTempDir({ dir: directory, prefix: "data-" });
}

async function disposeServer(
  serving: ServingProcess,
  dataDirectory: string,
): Promise<void> {
  await serving[Symbol.asyncDispose]();
  await Deno.remove(dataDirectory, { recursive: true });
}

/** The arguments of the task `start`, so that what is measured is what is shipped. */
async function startArguments(): Promise<string[]> {
  const { tasks } = JSON.parse(
    await Deno.readTextFile(join(ROOT, "deno.json")),
  );
  const command: string = tasks.start.command ?? tasks.start;
  const [program, ...args] = command.split(" ");
  if (program !== "deno" || /["'$&|;]/.test(command)) {
    throw new Error(
      `Cannot start the server as the task start does: expected a plain "deno …" command, found ${
        JSON.stringify(command)
      }`,
    );
  }
  return [
    "run",
    "--config",
    join(ROOT, "deno.json"),
    ...args.slice(1, -1),
    join(ROOT, args.at(-1) ?? ""),
  ];
}
