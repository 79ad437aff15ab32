import type { ActiveRequest, RequestReplies } from "./active_request.ts";
import { factsOf } from "./file_facts.ts";
import { CHUNK_BYTES, READ_WINDOW_BYTES, type ReadRequest } from "./protocol.ts";
import { openRegular, type RegularFile } from "./regular_file.ts";
import { RequestFailure } from "./request_failure.ts";

/** A file that is being read, as fast as the server takes it. */
export class FileRead implements ActiveRequest {
  readonly #file: RegularFile;
  readonly #replies: RequestReplies;
  #window = READ_WINDOW_BYTES;
  #left: number;

  /** Opens the file and says how much of it is coming. */
  constructor(request: ReadRequest, replies: RequestReplies) {
    const { path, offset = 0, length, maxBytes, follow = true } = request;
    if (!follow && Deno.lstatSync(path).isSymlink) {
      throw new RequestFailure("ELOOP", "Is a symbolic link");
    }
    const file = openRegular(path, { read: true });
    try {
      const { size } = file;
      const start = Math.min(offset, size);
      this.#left = Math.min(length ?? size, size - start);
      if (this.#left > maxBytes) {
        throw new RequestFailure("TOO_LARGE", `Over ${maxBytes} bytes`, { size: this.#left });
      }
      if (start > 0) file.file.seekSync(start, Deno.SeekMode.Start);
      replies.sendResult({ ...factsOf(file.info), length: this.#left });
    } catch (error) {
      file[Symbol.dispose]();
      throw error;
    }
    this.#file = file;
    this.#replies = replies;
  }

  /** Sends what may be sent. */
  run(): void {
    while (this.#left > 0 && this.#window > 0) {
      const length = Math.min(CHUNK_BYTES, this.#left, this.#window);
      const count = this.#replies.sendFilled(
        length,
        (buffer) => this.#file.file.readSync(buffer) ?? 0,
      );
      // The file became shorter meanwhile.
      if (count === 0) break;
      this.#left -= count;
      this.#window -= count;
    }
    if (this.#left === 0 || this.#window > 0) this.#replies.done("end");
  }

  /** Sends more. */
  credit(bytes: number): void {
    this.#window += bytes;
    this.run();
  }

  /** Gives up. */
  cancel(): void {
    this.#replies.fail(new RequestFailure("CANCELLED", "Cancelled"));
  }

  /** Lets go of the file. */
  [Symbol.dispose](): void {
    this.#file[Symbol.dispose]();
  }
}
