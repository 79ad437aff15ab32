import { delay } from "@std/async";

// Arguments: none. For each line, a path, it writes the lines of that file and then a point.
const SCRIPT = `
while read -r path; do
  while read -r line; do echo "$line"; done 2>/dev/null <"$path"
  echo .
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
  #shell: Shell | undefined;
  #reads = 0;
  #idle: ReturnType<typeof setTimeout> | undefined;

  /** Returns what is in the files, an empty text for one that cannot be read. */
  async read(paths: readonly string[]): Promise<string[]> {
    try {
      if (this.#shell === undefined || this.#shell.hasEnded) this.#shell = new Shell();
    } catch {
      // No process can be started now: what is to be read is not known.
      return paths.map(() => "");
    }
    clearTimeout(this.#idle);
    this.#reads++;
    try {
      return await this.#shell.read(paths);
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
  readonly #process: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #waiting: ((text: string) => void)[] = [];
  readonly #reading: Promise<void>;
  hasEnded = false;

  constructor() {
    this.#process = new Deno.Command("/bin/sh", {
      args: ["-c", SCRIPT],
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    this.#input = this.#process.stdin.getWriter();
    // A write says that the pipe is broken; the stream's own state needs no second report.
    this.#input.closed.catch(() => {});
    this.#reading = this.#answer();
  }

  async read(paths: readonly string[]): Promise<string[]> {
    const answers = paths.map(() => {
      const { promise, resolve } = Promise.withResolvers<string>();
      this.#waiting.push(resolve);
      return promise;
    });
    // If it ended, so does the reading, which answers.
    this.#input.write(encode(paths.map((path) => `${path}\n`).join(""))).catch(() => {});
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

function encode(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}
