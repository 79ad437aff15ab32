import type { OutputChunk } from "../protocol/execution.ts";

/** How far somebody has read. */
export interface RingPosition {
  /** The number of the chunk that is read next. */
  next: number;
  /** Bytes of output before that chunk, where they are known. */
  start: number | undefined;
}

interface Kept {
  readonly chunk: OutputChunk;
  /** Bytes of output before it. */
  readonly start: number;
  /** Bytes of output that it stands for. */
  readonly bytes: number;
}

/** What a kept chunk costs beside its text, so that a million tiny ones are no way around the limit. */
const CHUNK_OVERHEAD = 128;

/** Numbers chunks of output and keeps the first and the last ones of so many bytes. */
export class OutputRing {
  readonly #maxBytes: number;
  readonly #head: Kept[] = [];
  readonly #tail: Kept[] = [];
  #headFull = false;
  #headCost = 0;
  #tailCost = 0;
  #nextSeq = 0;
  #bytes = 0;

  /** Keeps `maxBytes`, and always the last chunk. */
  constructor(maxBytes: number) {
    this.#maxBytes = maxBytes;
  }

  /** The number that the next chunk gets. */
  get nextSeq(): number {
    return this.#nextSeq;
  }

  /** About how many bytes of memory the kept chunks take. */
  get cost(): number {
    return this.#headCost + this.#tailCost;
  }

  /** Takes a chunk that stands for so many bytes. */
  add(stream: OutputChunk["stream"], data: string, bytes: number): void {
    const kept = { chunk: { stream, data, seq: this.#nextSeq++ }, start: this.#bytes, bytes };
    this.#bytes += bytes;
    const cost = costOf(kept);
    this.#headFull ||= this.#headCost + cost > this.#maxBytes / 2;
    if (!this.#headFull) {
      this.#head.push(kept);
      this.#headCost += cost;
      return;
    }
    this.#tail.push(kept);
    this.#tailCost += cost;
    while (this.cost > this.#maxBytes && this.#tail.length > 1) {
      const oldest = this.#tail.shift();
      if (oldest !== undefined) this.#tailCost -= costOf(oldest);
    }
  }

  /** Bytes of output before a chunk; undefined if that cannot be told any more. */
  startOf(seq: number): number | undefined {
    if (seq === this.#nextSeq) return this.#bytes;
    const kept = this.#find(seq);
    if (kept?.chunk.seq === seq) return kept.start;
    const last = this.#head.at(-1);
    if (seq !== this.#head.length) return undefined;
    return last === undefined ? 0 : last.start + last.bytes;
  }

  /** Returns the next chunk that is kept and moves on behind it; it says what is missing before it. */
  take(position: RingPosition): OutputChunk | undefined {
    const kept = this.#find(position.next);
    if (kept === undefined) return undefined;
    const { chunk, start, bytes } = kept;
    const isGap = chunk.seq !== position.next && position.start !== undefined;
    const droppedBytes = isGap ? start - (position.start ?? 0) : undefined;
    position.next = chunk.seq + 1;
    position.start = start + bytes;
    return droppedBytes === undefined ? chunk : { ...chunk, droppedBytes };
  }

  /** The first kept chunk of that number or a later one. */
  #find(seq: number): Kept | undefined {
    const inHead = this.#head[seq];
    if (inHead !== undefined) return inHead;
    const first = this.#tail[0]?.chunk.seq ?? this.#nextSeq;
    return this.#tail[Math.max(0, seq - first)];
  }
}

function costOf({ bytes, chunk }: Kept): number {
  return Math.max(bytes, chunk.data.length) + CHUNK_OVERHEAD;
}
