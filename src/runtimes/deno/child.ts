import { delay } from "@std/async";
import type { OutputSink } from "../runtime.ts";
import { type CommandLine, MARK_VARIABLE } from "./command_line.ts";
import { runScript } from "./run_script.ts";
import { terminateSandbox } from "./terminate_sandbox.ts";

/** How a child process ended, as the system says it. */
export interface ChildEnd {
  readonly code: number;
  readonly signal: Deno.Signal | null;
}

/** Milliseconds that a program has to end by itself when it is told to; as in containers. */
const GRACE_MS = 500;

/** A child process: its output is read from the start and never holds it up. */
export class Child {
  readonly #process: Deno.ChildProcess;
  readonly #stdin: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  #sink: OutputSink | undefined;
  #early: [stream: "stdout" | "stderr", bytes: Uint8Array][] = [];
  readonly #mark: string | undefined;
  readonly #confined: boolean;
  #exited = false;
  #killed = false;
  #stopping: Promise<void> | undefined;
  #reaping: Promise<void> | undefined;
  readonly #gone: Promise<ChildEnd>;

  /** Resolves when the process is gone and both its streams are at their end. */
  readonly ended: Promise<ChildEnd>;

  /** Starts a command. */
  constructor({ command, args, env = {}, cwd = "/", mark, confined = false }: CommandLine) {
    this.#mark = mark;
    this.#confined = confined;
    this.#process = new Deno.Command(command, {
      args: [...args],
      env,
      clearEnv: true,
      cwd,
      stdin: "piped",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    this.#stdin = this.#process.stdin.getWriter();
    // A write says that the pipe is broken; the stream's own state needs no second report.
    this.#stdin.closed.catch(() => {});
    this.#gone = this.#end();
    this.ended = this.#gone.finally(async () => {
      await this.#stopping;
      await this.#reaping;
    });
  }

  /** Its process id on the machine. */
  get pid(): number {
    return this.#process.pid;
  }

  /** Whether the process still runs. */
  get alive(): boolean {
    return !this.#exited;
  }

  /** Hands output to `sink` from now on, first what came before. */
  pipeTo(sink: OutputSink): void {
    this.#sink = sink;
    for (const [stream, bytes] of this.#early.splice(0)) sink(stream, bytes);
  }

  /** Writes to standard input; a child that does not read it any more is no error. */
  async write(bytes: Uint8Array): Promise<void> {
    try {
      await this.#stdin.write(new Uint8Array(bytes));
    } catch {
      // It ended, or closed its input: what it did not want is dropped.
    }
  }

  /** Ends standard input. */
  async closeInput(): Promise<void> {
    try {
      await this.#stdin.close();
    } catch {
      // Broken already, which is as closed as it gets.
    }
  }

  /** Signals the process, which may have ended. */
  signal(name: Deno.Signal): void {
    if (this.#exited) return;
    try {
      this.#process.kill(name);
    } catch {
      // It ended by itself in this very moment.
    }
  }

  /** Asks the process and all in its sandbox to end, and ends what is left after a grace time. */
  stop(): void {
    if (this.#exited || this.#killed) return;
    this.#stopping ??= this.#stop();
  }

  /** Ends the process at once, and with it all that it started in its sandbox. */
  kill(): void {
    if (this.#exited || this.#killed) return;
    this.#killed = true;
    try {
      this.#process.kill("SIGKILL");
    } catch {
      // It ended by itself in this very moment.
    }
    // A child that waits for work ends with its input.
    this.#stdin.abort().catch(() => {});
    if (this.#mark !== undefined) this.#reaping = reap(this.#mark, this.#gone);
  }

  async #stop(): Promise<void> {
    const timer = setTimeout(() => this.kill(), GRACE_MS);
    try {
      if (!this.#confined) this.signal("SIGTERM");
      else if (!await terminateSandbox(this.pid, this.#mark ?? "")) this.kill();
      // Its failure is that of whoever waits for the end.
      await this.#gone.catch(() => {});
    } finally {
      clearTimeout(timer);
    }
  }

  async #end(): Promise<ChildEnd> {
    const [{ code, signal }] = await Promise.all([
      this.#process.status.finally(() => this.#exited = true),
      this.#pump("stdout"),
      this.#pump("stderr"),
    ]);
    this.#stdin.abort().catch(() => {});
    return { code, signal };
  }

  async #pump(stream: "stdout" | "stderr"): Promise<void> {
    for await (const bytes of this.#process[stream]) {
      if (this.#sink !== undefined) this.#sink(stream, bytes);
      else this.#early.push([stream, bytes]);
    }
  }
}

const REAP_AFTER_MS = [200, 400, 800, 1600];

const REAP = `
for environ in /proc/[0-9]*/environ; do
  grep -qzx -- "$1" "$environ" 2>/dev/null || continue
  pid=\${environ#/proc/}; kill -KILL "\${pid%/environ}" 2>/dev/null
done; true`;

/**
 * Ends what outlived its parent. A sandbox dies with the process that made it, but for a moment at its
 * very start, in which it has not asked the kernel for that yet; then its output never comes to an end.
 */
async function reap(mark: string, ended: Promise<unknown>): Promise<void> {
  for (const ms of REAP_AFTER_MS) {
    const timer = new AbortController();
    const waited = delay(ms, { signal: timer.signal }).then(() => true, () => false);
    const late = await Promise.race([waited, ended.then(() => false)]);
    timer.abort();
    if (!late) return;
    await runScript(REAP, [`${MARK_VARIABLE}=${mark}`]);
  }
}
