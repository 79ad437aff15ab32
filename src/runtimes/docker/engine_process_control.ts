import { CommandError } from "../../errors.ts";
import type { ProcessControl, SignalTarget } from "../runtime.ts";
import { signalNumber } from "../signals.ts";
import type { EngineExec } from "./engine_exec.ts";
import type { GuardedProcess } from "./engine_guard.ts";
import type { Place } from "./engine_processes.ts";

/** A program that the engine runs, in the hands of whoever started it. */
export class EngineProcessControl implements ProcessControl {
  readonly pid: number | undefined;
  /** Signals that were sent to it. */
  readonly sent = new Set<string>();
  readonly #exec: EngineExec;
  readonly #place: Place;
  readonly #process: GuardedProcess | undefined;

  /** Takes the program of an exec, with the ids that its shell said, if it could. */
  constructor(exec: EngineExec, place: Place, [pid, shell]: readonly (string | undefined)[]) {
    this.#exec = exec;
    this.#place = place;
    const process = { pid: Number(pid), shell: Number(shell) };
    this.#process = process.pid > 0 && process.shell > 0 ? process : undefined;
    this.pid = this.#process?.pid;
  }

  /** See {@linkcode ProcessControl}. */
  write(bytes: Uint8Array): Promise<void> {
    return this.#exec.offer(bytes);
  }

  /** See {@linkcode ProcessControl}. */
  closeStdin(): Promise<void> {
    return this.#exec.closeInput();
  }

  /** See {@linkcode ProcessControl}. */
  async signal(name: Deno.Signal, target: SignalTarget): Promise<void> {
    const number = signalNumber(name);
    if (this.#process === undefined || number === undefined) {
      throw new CommandError(`Cannot send ${name}: the process cannot be found in this container`);
    }
    this.sent.add(name);
    if (await this.#place.signal(number, this.#process, target)) return;
    throw new CommandError(
      `Cannot send ${name}: no process can be started in the container that would do it; ` +
        "session.cancel ends the program all the same",
    );
  }

  /** See {@linkcode ProcessControl}. */
  // deno-lint-ignore require-await -- as the contract says
  async resize(): Promise<void> {
    throw new CommandError("Cannot resize the terminal: in this image there is none");
  }
}
