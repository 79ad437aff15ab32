import { EngineError } from "./engine_error.ts";

/** What is at a path in a container. */
export interface PathStat {
  /** The last part of the path. */
  readonly name: string;
  readonly type: "file" | "directory" | "symlink" | "other";
  /** Bytes. */
  readonly size: number;
  /** Permissions, without the type. */
  readonly mode: number;
  /** When it was changed, as ISO 8601. */
  readonly mtime: string;
  /** Where a symlink leads, as an absolute path in the container; else empty. */
  readonly linkTarget: string;
}

/** The header that has it. */
export const PATH_STAT_HEADER = "x-docker-container-path-stat";

// Go numbers the kinds of files in its own way, in the upper bits.
const GO_DIRECTORY = 2 ** 31;
const GO_SYMLINK = 2 ** 27;
const GO_OTHER = 2 ** 26 + 2 ** 25 + 2 ** 24 + 2 ** 21 + 2 ** 19;
const GO_SPECIAL_BITS = [[2 ** 23, 0o4000], [2 ** 22, 0o2000], [2 ** 20, 0o1000]] as const;

/** Reads the header of an answer of the archive endpoints. */
export function parsePathStat(headers: Headers, action: string): PathStat {
  try {
    const bytes = Uint8Array.fromBase64(headers.get(PATH_STAT_HEADER) ?? "");
    const { name, size, mode, mtime, linkTarget } = JSON.parse(new TextDecoder().decode(bytes));
    if (typeof name !== "string" || typeof size !== "number" || typeof mode !== "number") {
      throw new TypeError("expected name, size and mode");
    }
    const permissions = GO_SPECIAL_BITS.reduce(
      (sum, [go, bit]) => has(mode, go) ? sum + bit : sum,
      mode % 0o1000,
    );
    return { name, type: typeOf(mode), size, mode: permissions, mtime, linkTarget };
  } catch (cause) {
    const detail = "the Docker engine's answer does not describe the path";
    throw new EngineError("protocol", action, detail, { cause });
  }
}

function typeOf(mode: number): PathStat["type"] {
  if (has(mode, GO_DIRECTORY)) return "directory";
  if (has(mode, GO_SYMLINK)) return "symlink";
  return has(mode, GO_OTHER) ? "other" : "file";
}

function has(mode: number, bits: number): boolean {
  // Unsigned, as the uppermost bit would make it negative.
  return ((mode & bits) >>> 0) !== 0;
}
