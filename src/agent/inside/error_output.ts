import { isLaunchFailure } from "./launcher.ts";

/** Standard error of a program, which begins with what its launcher says if that could not start it. */
export class ErrorOutput {
  readonly #send: (bytes: Uint8Array) => void;
  #isFirst: boolean;
  /** What looks like the launcher's word, until it is known whose it is. */
  #held: Uint8Array | undefined;

  /** Hands on to `send` what is the program's; all of it, if there is no launcher. */
  constructor(send: (bytes: Uint8Array) => void, launcher: string | undefined) {
    this.#send = send;
    this.#isFirst = launcher !== undefined;
  }

  /** Takes the next bytes. */
  take(bytes: Uint8Array): void {
    if (this.#isFirst && isLaunchFailure(bytes)) {
      this.#held = bytes.slice();
    } else {
      this.#release();
      this.#send(bytes);
    }
    this.#isFirst = false;
  }

  /** Whether the launcher could not start the program, by the code with which the process ended. */
  notLaunched(code: number | null): boolean {
    if (this.#held === undefined) return false;
    if (code !== null && code > 0) return true;
    this.#release();
    return false;
  }

  #release(): void {
    if (this.#held !== undefined) this.#send(this.#held);
    this.#held = undefined;
  }
}
