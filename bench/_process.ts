import { deadline } from "@std/async";

/** How long a child may take to end after it was asked to, in milliseconds. */
const GRACE_MS = 15_000;
/** How much of a child's last output is kept for an error message, in characters. */
const TAIL_LENGTH = 4096;

/** Options of {@linkcode startProcess}. */
export interface ProcessOptions {
  /** Arguments after `deno`. */
  readonly args: readonly string[];
  /** Environment variables beside those of this process that are no settings of the server. */
  readonly env?: Readonly<Record<string, string>>;
  /** Recognises the line of stdout that says the child is ready; its first group is what is wanted. */
  readonly ready: RegExp;
  /** How long it may take until that line, in milliseconds. @default {30_000} */
  readonly readyMs?: number;
}

/** A child `deno` that serves until it is disposed of. */
export interface ServingProcess extends AsyncDisposable {
  readonly pid: number;
  /** What the ready line told. */
  readonly said: string;
}

/** Starts a child `deno` and waits until it says that it is ready. */
export async function startProcess(
  options: ProcessOptions,
): Promise<ServingProcess> {
  const { args, env = {}, ready, readyMs = 30_000 } = options;
  const child = new Deno.Command(Deno.execPath(), {
    args: [...args],
    env: {
      ...inheritedEnv(),
      NO_COLOR: "1",
      DENO_NO_UPDATE_CHECK: "1",
      ...env,
    },
    clearEnv: true,
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  const stderr = new TailReader(child.stderr);
  const stdout = new TailReader(child.stdout, ready);
  try {
    const said = await deadline(stdout.found, readyMs);
    return {
      pid: child.pid,
      said,
      [Symbol.asyncDispose]: () => stop(child, [stdout, stderr]),
    };
  } catch (cause) {
    await stop(child, [stdout, stderr]);
    const tail = `${stdout.tail}${stderr.tail}`.trim();
    throw new Error(
      `Cannot start "deno ${args.join(" ")}": it did not get ready\n${tail}`,
      {
        cause,
      },
    );
  }
}

/** This process's environment without settings of the server, which would change what is measured. */
function inheritedEnv(): Record<string, string> {
  const entries = Object.entries(Deno.env.toObject());
  return Object.fromEntries(
    entries.filter(([name]) => !name.startsWith("CODEBEAKER_")),
  );
}

/** Ends a child politely, then by force: a benchmark must not leave one behind. */
async function stop(
  child: Deno.ChildProcess,
  readers: readonly TailReader[],
): Promise<void> {
  kill(child, "SIGTERM");
  try {
    await deadline(child.status, GRACE_MS);
  } catch {
    // It ignored the polite request; this one cannot be ignored.
    kill(child, "SIGKILL");
    await child.status;
  }
  await Promise.all(readers.map((reader) => reader.done));
}

function kill(child: Deno.ChildProcess, signal: Deno.Signal): void {
  try {
    child.kill(signal);
  } catch {
    // It has ended already, which is what was wanted.
  }
}

/** Reads a stream to its end, so that the child never blocks on it, keeping only the last part. */
class TailReader {
  readonly #found = Promise.withResolvers<string>();
  /** Resolves once the stream is at its end. */
  readonly done: Promise<void>;
  tail = "";

  constructor(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    wanted?: RegExp,
  ) {
    // Nobody waits for it where nothing is looked for.
    this.#found.promise.catch(() => {});
    this.done = this.#read(stream, wanted);
  }

  /** Resolves with the first group of the wanted text; rejects if the stream ends without it. */
  get found(): Promise<string> {
    return this.#found.promise;
  }

  async #read(
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    wanted: RegExp | undefined,
  ): Promise<void> {
    let looking = wanted !== undefined;
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.tail = (this.tail + text).slice(-TAIL_LENGTH);
      const match = looking ? wanted?.exec(this.tail) : undefined;
      if (!match) continue;
      looking = false;
      this.#found.resolve(match[1] ?? match[0]);
    }
    this.#found.reject(
      new Error("Cannot find the ready line: the output ended"),
    );
  }
}
