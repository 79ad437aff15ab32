import { CommandError } from "../../errors.ts";
import { fileError, refusal } from "../file_error.ts";
import type { EngineContainer } from "./engine_container.ts";
import { errorCodeOf } from "./engine_errno.ts";
import { type EngineExec, ExecRefused } from "./engine_exec.ts";
import type { EngineProcesses } from "./engine_processes.ts";
import { IdleTimer } from "./engine_idle_timer.ts";
import { isShellMissing, SHELL_MISSING } from "./engine_program_end.ts";

/** One run of a script about files. */
export interface FileCall {
  readonly script: string;
  readonly args: readonly string[];
  /** The client's words for the paths, for errors. */
  readonly paths: readonly [string, string?];
  readonly stdin?: Uint8Array | undefined;
  /** Bytes of output that are taken; it is an error if there are more. */
  readonly maxBytes?: number | undefined;
  /** Whether it has the same effect when it is done twice. @default {false} */
  readonly again?: boolean;
}

/** What came of a script. */
export interface FileAnswer {
  /** The word after the side: `ok`, or that of a refusal which is the caller's to explain. */
  readonly word: string;
  readonly detail: string;
  readonly content: Uint8Array;
}

const MAX_COMPLAINT = 64 * 1024;
const TRIES = 3;
/** Nothing about files is silent for that long unless something halted it. */
const IDLE_MS = 120_000;
const KILLED = 137;

/** Runs scripts about files in a container. */
export class EngineFileCalls {
  readonly #container: EngineContainer;
  readonly #processes: EngineProcesses;

  /** Runs them in that container. */
  constructor(container: EngineContainer, processes: EngineProcesses) {
    this.#container = container;
    this.#processes = processes;
  }

  /** Runs one. Throws a `CommandError` for what the system refused. */
  async run(call: FileCall): Promise<FileAnswer> {
    for (let tries = 1;; tries++) {
      const answer = await this.#try(call);
      if (answer !== undefined) return answer;
      if (call.again && tries < TRIES) continue;
      throw new CommandError(
        `Interrupted: ${
          call.paths[0]
        }: a program in the sandbox ended what was at work on it, look ` +
          "whether it was done and try again",
      );
    }
  }

  /** Undefined if something in the container ended it. */
  async #try(call: FileCall): Promise<FileAnswer | undefined> {
    await using place = await this.#processes.enter();
    const { script, args, stdin, maxBytes = Infinity } = call;
    using exec = await this.#start(["/bin/sh", "-c", script, "sh", ...args], call);
    if (stdin !== undefined) void exec.feed(stdin);
    const pieces: Uint8Array[] = [];
    let bytes = 0;
    let complaint = "";
    const decoder = new TextDecoder();
    using idle = new IdleTimer(IDLE_MS, () => exec[Symbol.dispose]());
    await this.#container.reach(() =>
      exec.pump((stream, piece) => {
        idle.restart();
        if (stream === "stderr") complaint += decoder.decode(piece, { stream: true });
        else if ((bytes += piece.length) <= maxBytes) pieces.push(piece);
        if (complaint.length > MAX_COMPLAINT) complaint = complaint.slice(-MAX_COMPLAINT / 2);
      })
    );
    const content = joined(pieces);
    const match = /^(.*)\n=([12]) (\w+) ?(.*)\n$/s.exec(complaint);
    if (match !== null) return answer(call, match, content);
    if (idle.expired) {
      await place.kill();
      throw interrupted(call);
    }
    const code = await this.#container.exitCode(exec);
    if (code === KILLED) return undefined;
    throw failure(`${new TextDecoder().decode(content)}${complaint}`, call);
  }

  async #start(command: readonly string[], call: FileCall): Promise<EngineExec> {
    try {
      return await this.#container.exec(command, { stdin: call.stdin !== undefined });
    } catch (error) {
      throw error instanceof ExecRefused ? failure(error.message, call, error) : error;
    }
  }
}

function interrupted({ paths: [path] }: FileCall): CommandError {
  return new CommandError(
    `Interrupted: ${path}: a program in the sandbox ended or halted what was at work on it, look ` +
      "whether it was done and try again",
  );
}

function answer({ paths }: FileCall, match: RegExpExecArray, content: Uint8Array): FileAnswer {
  const [, complaint = "", side, word = "", detail = ""] = match;
  const path = (side === "1" ? paths[0] : paths[1]) ?? paths[0];
  switch (word) {
    case "directory":
      throw refusal("isDirectory", path);
    case "irregular":
      throw refusal("notRegular", path);
    case "overfile":
      throw refusal("overFile", path);
    case "code":
      throw systemError(detail, path, complaint);
    case "error":
      throw systemError(errorCodeOf(complaint), path, complaint);
    case "parents": {
      // "mkdir -p" says of a file on the way that it exists.
      const code = errorCodeOf(complaint);
      throw systemError(code === "EEXIST" ? "ENOTDIR" : code, path, complaint);
    }
    default:
      return { word, detail, content };
  }
}

function systemError(code: string | undefined, path: string, complaint: string): Error {
  const cause = Object.assign(new Error(complaint.trim()), { code });
  return fileError(code, path, { cause }) ??
    new Error(`Cannot do what was asked with "${path}": ${complaint.trim()}`);
}

/** The error of a shell that was not started, or failed before it said anything. */
function failure(words: string, { paths: [path] }: FileCall, cause?: unknown): CommandError {
  if (isShellMissing(words)) {
    return new CommandError(`Not possible: ${path}: ${SHELL_MISSING}`, { cause });
  }
  return new CommandError(
    `Not possible now: ${path}: no process could be started for it in the sandbox, end some of those ` +
      "that run or free memory and try again",
    { cause: cause ?? new Error(words.trim()) },
  );
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const [first = new Uint8Array(0)] = pieces;
  if (pieces.length <= 1) return first;
  const bytes = new Uint8Array(pieces.reduce((sum, { length }) => sum + length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
