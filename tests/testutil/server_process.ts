import { fromFileUrl, join } from "@std/path";
import { type ProgramOutput, runProgram } from "./run_program.ts";
import { until, within } from "./within.ts";

const ROOT = fromFileUrl(new URL("../../", import.meta.url));
const START_TIMEOUT_MS = 30_000;
const STOP_TIMEOUT_MS = 20_000;
const LISTENING_REGEXP = /^CodeBeaker \S+ listening on (http:\/\/\S+)$/;

/** Options of {@linkcode startServer}. */
export interface ServerOptions {
  /** Command-line flags. */
  flags?: readonly string[];
  /** Environment variables beside `CODEBEAKER_PORT=0` and the data directory. */
  env?: Readonly<Record<string, string>>;
  /** Gives the server every permission instead of those of `deno task start`. @default {false} */
  allowAll?: boolean;
  /** A data directory that another server has used; by default a new one, removed in the end. */
  dataDir?: string;
}

/** A running server of this checkout: a process of its own, on a free port, with a data directory of its own. */
export interface ServerProcess extends AsyncDisposable {
  /** Such as `http://127.0.0.1:40001`. */
  readonly url: string;
  /** The JSON-RPC endpoint. */
  readonly wsUrl: string;
  readonly port: number;
  readonly pid: number;
  readonly dataDir: string;
  /** Resolves when the process has ended. */
  readonly status: Promise<Deno.CommandStatus>;
  /** All it has written to its standard output so far. */
  stdout(): Promise<string>;
  /** All it has logged so far. */
  stderr(): Promise<string>;
  /** Sends a signal without waiting; does nothing once it has ended. */
  kill(signal: Deno.Signal): void;
  /** Sends a signal and waits for the end, which it forces after a while. */
  stop(signal?: Deno.Signal): Promise<Deno.CommandStatus>;
}

/** The command of `deno task start`, with the path of the running deno in front. */
async function startCommand({ allowAll = false }: ServerOptions): Promise<string[]> {
  const config = JSON.parse(await Deno.readTextFile(join(ROOT, "deno.json")));
  const [deno, ...args] = (config.tasks.start.command as string).split(/\s+/);
  if (deno !== "deno") {
    throw new Error(`Cannot start the server: the task runs "${deno}"`);
  }
  if (!allowAll) return [Deno.execPath(), ...args];
  const others = args.filter((arg) => !arg.startsWith("--allow-"));
  return [Deno.execPath(), others[0]!, "--allow-all", ...others.slice(1)];
}

/** Runs the server where it is expected to end by itself: `--help`, bad settings. */
export async function runServer(
  options: ServerOptions = {},
): Promise<ProgramOutput> {
  const [deno, ...args] = await startCommand(options);
  const dataDir = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  try {
    return await runProgram(deno!, [...args, ...options.flags ?? []], {
      cwd: ROOT,
      env: { CODEBEAKER_DATA_DIR: dataDir, ...serverEnv(options.env) },
      timeoutMs: START_TIMEOUT_MS,
    });
  } finally {
    await Deno.remove(dataDir, { recursive: true });
  }
}

/**
 * Starts the server and waits until it listens. Its output goes to files, so that no read is pending
 * in the background of a test. Throws with its log if it does not start.
 */
export async function startServer(
  options: ServerOptions = {},
): Promise<ServerProcess> {
  const directory = await Deno.makeTempDir({ prefix: "codebeaker-test-" });
  const { dataDir = join(directory, "data") } = options;
  const child = new Deno.Command("sh", {
    args: [
      "-c",
      'cd "$1"; exec >"$2/stdout" 2>"$2/stderr"; shift 2; exec "$@"',
      "sh",
      ROOT,
      directory,
      ...await startCommand(options),
      ...options.flags ?? [],
    ],
    env: { ...serverEnv(options.env), CODEBEAKER_DATA_DIR: dataDir },
    clearEnv: true,
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
  const server = new Server(child, directory, dataDir);
  try {
    await server.listening();
    return server;
  } catch (error) {
    await server[Symbol.asyncDispose]();
    throw error;
  }
}

class Server implements ServerProcess {
  readonly #child: Deno.ChildProcess;
  readonly #directory: string;
  readonly dataDir: string;
  url = "";
  #ended = false;

  constructor(child: Deno.ChildProcess, directory: string, dataDir: string) {
    this.#child = child;
    this.#directory = directory;
    this.dataDir = dataDir;
    child.status.then(() => this.#ended = true);
  }

  get wsUrl(): string {
    return `${this.url.replace("http", "ws")}/ws/jsonrpc`;
  }

  get port(): number {
    return Number(new URL(this.url).port);
  }

  get pid(): number {
    return this.#child.pid;
  }

  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  async listening(): Promise<void> {
    const check = async () => {
      const line = (await this.stdout()).split("\n")[0] ?? "";
      this.url = LISTENING_REGEXP.exec(line)?.[1] ?? "";
      return this.url !== "" || this.#ended;
    };
    try {
      await until(check, START_TIMEOUT_MS, "the server to listen");
      if (this.#ended) throw new Error("Cannot start the server: it has ended");
    } catch (cause) {
      throw new Error(`${(cause as Error).message}\n${await this.stderr()}`, {
        cause,
      });
    }
  }

  stdout(): Promise<string> {
    return this.#read("stdout");
  }

  stderr(): Promise<string> {
    return this.#read("stderr");
  }

  kill(signal: Deno.Signal): void {
    if (!this.#ended) this.#child.kill(signal);
  }

  async stop(signal: Deno.Signal = "SIGTERM"): Promise<Deno.CommandStatus> {
    this.kill(signal);
    try {
      return await within(this.status, STOP_TIMEOUT_MS, "the server to stop");
    } catch {
      // A server that does not stop must not outlive its test; the status tells of the SIGKILL.
      this.kill("SIGKILL");
      return await this.status;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Deno.remove(this.#directory, { recursive: true });
  }

  async #read(name: string): Promise<string> {
    try {
      return await Deno.readTextFile(join(this.#directory, name));
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return "";
      throw error;
    }
  }
}

function serverEnv(
  extra: Readonly<Record<string, string>> = {},
): Record<string, string> {
  const inherited = Object.entries(Deno.env.toObject())
    .filter(([name]) => !name.startsWith("CODEBEAKER_"));
  return {
    ...Object.fromEntries(inherited),
    NO_COLOR: "1",
    CODEBEAKER_PORT: "0",
    // Tests of Docker sessions ask for them; others must not start containers.
    CODEBEAKER_DOCKER: "off",
    ...extra,
  };
}
