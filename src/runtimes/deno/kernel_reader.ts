import { delay } from "@std/async";

/** What stands for a name in a path of {@linkcode KernelReader}. */
export const NAME = "@";

// Arguments: paths. For each line, a name, it writes the lines of each file and then a point. A shell reads
// byte by byte, so a name is all it is told.
const SCRIPT = `
while read -r name; do
  for path in "$@"; do
    while read -r line; do echo "$line"; done 2>/dev/null <"\${path%%${NAME}*}$name\${path#*${NAME}}"
    echo .
  done
done`;

/** A file of the kernel has a few lines; a shell that takes longer to read some is not well. */
const ANSWER_TIMEOUT_MS = 5000;
/** How long a shell waits for the next reading, so that a server at rest has no process. */
const IDLE_MS = 3000;

/**
 * Reads files of the kernel, which scoped permissions exclude. One shell does it for all, so that reading
 * costs no process.
 */
export class KernelReader implements AsyncDisposable {
  readonly #paths: readonly string[];
  #shell: Shell | undefined;
  #reads = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Reads files whose paths have {@linkcode NAME} in them where a name belongs. */
  constructor(paths: readonly string[]) {
    this.#paths = paths;
  }

  /** Returns what is in the files of a name, an empty text for one that cannot be read. */
  async read(name: string): Promise<string[]> {
    try {
      if (this.#shell === undefined || this.#shell.hasEnded) this.#shell = new Shell(this.#paths);
    } catch {
      // No process can be started now: what is to be read is not known.
      return this.#paths.map(() => "");
    }
    clearTimeout(this.#idle);
    this.#reads++;
    try {
      return await this.#shell.read(name);
    } finally {
      if (--this.#reads === 0) this.#idle = setTimeout(() => void this.#end(), IDLE_MS);
    }
  }

  /** Ends the shell. */
  async [Symbol.asyncDispose](): Promise<void> {
    clearTimeout(this.#idle);
    await this.#end();
  }

  async #end(): Promise<void> {
    const shell = this.#shell;
    this.#shell = undefined;
    await shell?.[Symbol.asyncDispose]();
  }
}

class Shell implements AsyncDisposable {
  readonly #paths: readonly string[];
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting: ((text: string) => void)[] = [];
  readonly #reading: Promise<void>;
  hasEnded = false;

  constructor(paths: readonly string[]) {
    this.#paths = paths;
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT, "sh", ...paths],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    // A write says that the pipe is broken; the stream's own state needs no second report.
    this.#input.closed.catch(() => {});
    this.#reading = this.#answer();
  }

  async read(name: string): Promise<string[]> {
    const answers = this.#paths.map(() => {
      const { promise, resolve } = Promise.withResolvers<string>();
      this.#waiting.push(resolve);
      return promise;
    });
    // If it ended, so does the reading, which answers.
    this.#input.write(new TextEncoder().encode(`${name}\n`)).catch(() => {});
    const late = new AbortController();
    const timer = delay(ANSWER_TIMEOUT_MS, { signal: late.signal }).then(
      () => this.#kill(),
      () => {},
    );
    try {
      return await Promise.all(answers);
    } finally {
      late.abort();
      await timer;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#reading;
  }

  #kill(): void {
    this.hasEnded = true;
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
  }

  async #answer(): Promise<void> {
    let text = "";
    const decoder = new TextDecoder();
    for await (const bytes of this.#process.stdout) {
      text += decoder.decode(bytes, { stream: true });
      for (let end = endOf(text); end !== -1; end = endOf(text)) {
        this.#waiting.shift()?.(text.slice(0, end));
        text = text.slice(end + 2);
      }
    }
    this.hasEnded = true;
    await this.#process.status;
    for (const resolve of this.#waiting.splice(0)) resolve("");
  }
}

/** Where the first answer ends: at a line of a point alone. */
function endOf(text: string): number {
  if (text.startsWith(".\n")) return 0;
  const at = text.indexOf("\n.\n");
  return at === -1 ? -1 : at + 1;
}
