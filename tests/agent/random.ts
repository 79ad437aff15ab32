/** Numbers that look random and are the same every time (mulberry32). */
export class Random {
  #state: number;

  /** Begins a sequence. */
  constructor(seed: number) {
    this.#state = seed >>> 0;
  }

  /** A whole number from 0 to below `end`. */
  below(end: number): number {
    this.#state = (this.#state + 0x6d2b79f5) >>> 0;
    let mixed = this.#state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return Math.floor((((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * end);
  }

  /** One of the values. */
  pick<T>(values: readonly T[]): T {
    return values[this.below(values.length)]!;
  }

  /** Bytes. */
  bytes(length: number): Uint8Array<ArrayBuffer> {
    return Uint8Array.from({ length }, () => this.below(256));
  }

  /** The same bytes in pieces of random lengths. */
  split(bytes: Uint8Array<ArrayBuffer>, longest: number): Uint8Array<ArrayBuffer>[] {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    for (let at = 0; at < bytes.length;) {
      const length = 1 + this.below(longest);
      pieces.push(bytes.slice(at, at + length));
      at += length;
    }
    return pieces;
  }

  /** The same bytes with something wrong somewhere. */
  mutate(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
    const at = this.below(bytes.length);
    switch (this.below(4)) {
      case 0:
        return bytes.with(at, this.below(256));
      case 1:
        return Uint8Array.from([
          ...bytes.subarray(0, at),
          ...bytes.subarray(at + 1 + this.below(9)),
        ]);
      case 2:
        return Uint8Array.from([
          ...bytes.subarray(0, at),
          ...this.bytes(1 + this.below(20)),
          ...bytes.subarray(at),
        ]);
      default:
        return bytes.slice(0, at);
    }
  }
}

/** Bytes one after another. */
export function concat(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  return Uint8Array.from(pieces.flatMap((piece) => [...piece]));
}
