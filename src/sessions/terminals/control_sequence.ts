import type { TerminalSize } from "../../protocol/terminal.ts";

/** A sequence for an emulator. */
export interface SafeSequence {
  readonly text: string;
  /** About how many cells it has to touch. */
  readonly cost: number;
}

/** How often a sequence does its work at most: more of it changes nothing more. */
type Bound = "rows" | "cols" | "side" | "number";

/** What a final character means: how far its numbers go, and what it touches. */
interface Meaning {
  readonly bound: Bound;
  readonly touches: "nothing" | "row" | "screen" | "rows";
}

const MOVES: Meaning = { bound: "side", touches: "nothing" };
const SETS: Meaning = { bound: "number", touches: "nothing" };
const CHANGES_ROW: Meaning = { bound: "cols", touches: "row" };
const MOVES_ROWS: Meaning = { bound: "rows", touches: "rows" };
const CHANGES_ROWS: Meaning = { bound: "cols", touches: "screen" };

/** Every sequence that changes what is shown, by what stands before and after its numbers. */
const MEANINGS: ReadonlyMap<string, Meaning> = new Map([
  ...each("ABCDEFGHIZ`adefrsu", MOVES),
  ...each("ghlm", SETS),
  ...each("@KPX", CHANGES_ROW),
  ...each("LMST", MOVES_ROWS),
  ["J", { bound: "number", touches: "screen" }],
  ["?J", { bound: "number", touches: "screen" }],
  ["?K", CHANGES_ROW],
  // Some of these exchange the whole screen.
  ["?h", { bound: "number", touches: "screen" }],
  ["?l", { bound: "number", touches: "screen" }],
  ["!p", { bound: "number", touches: "screen" }],
  [" @", CHANGES_ROWS],
  [" A", CHANGES_ROWS],
  ["'}", CHANGES_ROWS],
  ["'~", CHANGES_ROWS],
]);

/** Beyond the largest number that means anything. */
const MAX_NUMBER = 65_535;
/** Beyond the largest terminal. */
const MAX_SIDE = 1000;

/**
 * A control sequence for an emulator: one that changes what is shown, with no larger numbers than make a
 * difference, because some emulators do as often as they are told whatever that is. Undefined for others.
 *
 * @param middle what is between its introducer and its last character
 */
export function controlSequence(
  middle: string,
  final: string,
  size: TerminalSize,
): SafeSequence | undefined {
  const [, prefix = "", numbers = "", between = ""] = /^([<=>?]?)([\d;:]*)([ -/]*)$/.exec(middle) ??
    [, "none"];
  const meaning = MEANINGS.get(prefix + between + final);
  if (meaning === undefined) return undefined;
  const bound = boundOf(meaning, size);
  const bounded = numbers.replace(/\d+/g, (digits) => `${Math.min(bound, Number(digits))}`);
  return { text: `\x1b[${prefix}${bounded}${between}${final}`, cost: costOf(meaning, size) };
}

function boundOf({ bound }: Meaning, { cols, rows }: TerminalSize): number {
  switch (bound) {
    case "rows":
      return rows;
    case "cols":
      return cols;
    case "side":
      return MAX_SIDE;
    case "number":
      return MAX_NUMBER;
  }
}

function costOf({ touches }: Meaning, { cols, rows }: TerminalSize): number {
  switch (touches) {
    case "nothing":
      return 1;
    case "row":
      return cols;
    case "screen":
      return cols * rows;
    case "rows":
      // Each step moves every row behind it.
      return cols * rows + rows * rows;
  }
}

function each(finals: string, meaning: Meaning): [string, Meaning][] {
  return [...finals].map((final) => [final, meaning]);
}
