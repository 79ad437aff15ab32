import { CommandError } from "../../errors.ts";
import type { ProcessControl, SignalTarget } from "../runtime.ts";
import type { Child } from "./child.ts";
import { MARK_VARIABLE } from "./command_line.ts";
import { runScript } from "./run_script.ts";

/** The program's id in a process namespace of its own: bubblewrap's is 1. */
const PID_INSIDE = 2;

// Bubblewrap has a child that is process 1 in there, and that one has the program. Until the program itself
// runs, its process is still called "bwrap". Arguments: the process id of bubblewrap.
const FIND = `
child() {
  found=; read -r found rest <"/proc/$1/task/$1/children"
  [ -n "$found" ]
} 2>/dev/null
tries=0
[ ! -d "/proc/$1" ] || [ -e "/proc/$1/task/$1/children" ] || exit 1
while [ -d "/proc/$1" ] && [ "$tries" -lt 1000 ]; do
  name=bwrap
  child "$1" && child "$found" && read -r name 2>/dev/null <"/proc/$found/comm"
  [ "$name" = bwrap ] || { echo "$found"; exit 0; }
  tries=$((tries + 1)); sleep 0.01
done
exit 1`;

// A signal from outside reaches the program but not process 1 of its namespace, which is in the same group:
// the kernel keeps from that what it does not handle, except what ends or stops everything in there.
// Arguments: the variable with the mark, the process id, the signal, what it is for.
const SIGNAL = `
grep -qzx -- "$1" "/proc/$2/environ" 2>/dev/null || exit 0
[ "$4" = process ] && exec kill -s "$3" "$2"
read -r line <"/proc/$2/stat" && set -- "$3" \${line##*) }
kill -s "$1" -- "-$4"`;

/** A program that runs in the background, and those who started it. */
export class LiveProgram implements ProcessControl {
  readonly pid: number | undefined;
  readonly #child: Child;
  readonly #mark: string | undefined;
  /** Its process id on the machine, if that is known. */
  readonly #host: number | undefined;
  /** Signals that were sent to it. */
  readonly sent = new Set<string>();

  private constructor(child: Child, host: number | undefined, mark: string | undefined) {
    this.#child = child;
    this.#host = host;
    this.#mark = mark;
    this.pid = mark === undefined ? child.pid : PID_INSIDE;
  }

  /** Waits until the program of a child runs or has ended, or it is plain that neither can be told. */
  static async find(
    child: Child,
    { confined, mark }: { readonly confined: boolean; readonly mark: string },
  ): Promise<LiveProgram> {
    if (!confined) return new LiveProgram(child, child.pid, undefined);
    const { success, stdout } = await runScript(FIND, [`${child.pid}`]);
    return new LiveProgram(child, success ? Number(stdout) : undefined, mark);
  }

  /** Whether it was seen running, or its sandbox still is. */
  get isRunning(): boolean {
    return this.#host !== undefined || this.#child.alive;
  }

  /** Writes to its standard input. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#child.write(bytes);
  }

  /** Ends its standard input. */
  closeStdin(): Promise<void> {
    return this.#child.closeInput();
  }

  /** Does nothing: it has no terminal. */
  async resize(): Promise<void> {}

  /** Signals it; without a sandbox around it there is no group, and nothing that it could have started. */
  async signal(name: Deno.Signal, target: SignalTarget): Promise<void> {
    if (!this.#child.alive) return;
    this.sent.add(name);
    if (this.#mark === undefined) return this.#child.signal(name);
    if (this.#host === undefined) {
      throw new CommandError(`Cannot send ${name} to the process: it cannot be found from outside`);
    }
    const args = [`${MARK_VARIABLE}=${this.#mark}`, `${this.#host}`, name.slice(3), target];
    const { success, stderr } = await runScript(SIGNAL, args);
    if (success || !this.#child.alive) return;
    const reason = /\b(?:no such process|not permitted)\b/i.exec(stderr)?.[0].toLowerCase();
    // It ended in this very moment.
    if (reason === "no such process") return;
    throw new CommandError(`Cannot send ${name} to the process: ${reason ?? "the system refuses"}`);
  }
}
