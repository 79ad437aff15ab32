/** What an entry of a tar archive stands for. */
export type TarType = "file" | "directory" | "symlink" | "hardlink" | "other";

/** What the header of an entry says. */
export interface TarHeader {
  /** As it is in the archive; directories end in a slash. Not safe as a path until it was checked. */
  readonly name: string;
  readonly type: TarType;
  /** Bytes of content that follow. */
  readonly size: number;
  /** Permissions. */
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Where a link leads; else empty. */
  readonly linkName: string;
  /** Seconds since 1970, with a fraction if the archive has one. */
  readonly mtime: number;
}

/** Bytes in a block, of which archives are made. */
export const TAR_BLOCK_BYTES = 512;

/** Bytes of zeroes behind content of that size. */
export function tarPadding(size: number): number {
  return (TAR_BLOCK_BYTES - size % TAR_BLOCK_BYTES) % TAR_BLOCK_BYTES;
}
