import type { OutputChunk } from "../protocol/execution.ts";
import type { OutputCapture } from "../runtimes/output_capture.ts";
import { OutputLines } from "./output_lines.ts";
import type { Expression } from "./search_expression.ts";
import { Turns } from "./turns.ts";

/** Options of {@linkcode findLine}. */
export interface FindLineOptions {
  /** Resolves when the output is complete. */
  readonly ended: Promise<void>;
  /** Where to look; by default in both streams. */
  readonly stream?: OutputChunk["stream"] | undefined;
  /** Ends the search, which then throws the reason. */
  readonly signal: AbortSignal;
}

/** Characters that may wait to be looked at; what more comes stays in the capture, as far as it is kept. */
const MAX_WAITING = 256 * 1024;
/** What one line may cost; a longer one is looked at up to there. */
const LINE_STEPS = 1_000_000;

/**
 * Finds the first line of a program's output that matches, from the first one that is kept to those to
 * come; undefined if there is none to its end.
 */
export async function findLine(
  output: OutputCapture,
  expression: Expression,
  { ended, stream, signal }: FindLineOptions,
): Promise<string | undefined> {
  const lines = new OutputLines(0, stream);
  const waiting: string[] = [];
  let waitingLength = 0;
  let isOver = false;
  let wake = () => {};
  const add = (whole: readonly string[]) => {
    for (const line of whole) {
      waiting.push(line);
      waitingLength += line.length + 1;
    }
    wake();
  };
  const take = (chunk: OutputChunk) => add(lines.push(chunk));
  const { chunks, nextSeq } = output.replay(0);
  chunks.forEach(take);
  using _subscription = output.subscribe(`lines ${crypto.randomUUID()}`, take, {
    from: nextSeq,
    hasRoom: () => waitingLength < MAX_WAITING,
  });
  const finish = () => {
    isOver = true;
    add(lines.end());
  };
  void ended.then(finish);
  const onAbort = () => wake();
  signal.addEventListener("abort", onAbort);
  try {
    const turns = new Turns(signal);
    const longest = Math.floor(LINE_STEPS / expression.weight);
    while (true) {
      for (const line of waiting.splice(0)) {
        await turns.next();
        waitingLength -= line.length + 1;
        if (expression.test(line.slice(0, longest))) return line;
      }
      if (waiting.length > 0) continue;
      if (isOver) return undefined;
      signal.throwIfAborted();
      await new Promise<void>((resolve) => wake = resolve);
    }
  } finally {
    signal.removeEventListener("abort", onAbort);
  }
}
