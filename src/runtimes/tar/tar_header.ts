import { TAR_BLOCK_BYTES } from "./tar_entry.ts";

/** The fields of one block of header, without what other blocks add to it. */
export interface RawTarHeader {
  name: string;
  /** One character. */
  typeFlag: string;
  size: number;
  mode: number;
  uid: number;
  gid: number;
  mtime: number;
  linkName: string;
}

const CHECKSUM_AT = 148;
const CHECKSUM_BYTES = 8;

const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes a block of header. Whoever calls has made sure that every field fits. */
export function encodeTarHeader(header: RawTarHeader): Uint8Array<ArrayBuffer> {
  const block = new Uint8Array(TAR_BLOCK_BYTES);
  const [prefix, name] = splitTarName(header.name) ?? ["", header.name];
  putText(block, 0, 100, name);
  putOctal(block, 100, 8, header.mode);
  putOctal(block, 108, 8, header.uid);
  putOctal(block, 116, 8, header.gid);
  putOctal(block, 124, 12, header.size);
  putOctal(block, 136, 12, header.mtime);
  putText(block, 156, 1, header.typeFlag);
  putText(block, 157, 100, header.linkName);
  putText(block, 257, 8, "ustar\x0000");
  putText(block, 345, 155, prefix);
  putText(block, CHECKSUM_AT, 8, `${checksums(block)[0]!.toString(8).padStart(6, "0")}\0 `);
  return block;
}

/** Splits a name into the two fields that a header has for it; undefined if it does not fit. */
export function splitTarName(name: string): [prefix: string, name: string] | undefined {
  // Lengths are those of bytes only if every character is one.
  if (!/^\p{ASCII}*$/u.test(name)) return undefined;
  if (name.length <= 100) return ["", name];
  // The slash between the fields is in neither; one at the end of a directory's name does not count.
  const slash = name.slice(0, 156).lastIndexOf("/", name.length - 2);
  if (slash <= 0 || name.length - slash - 1 > 100) return undefined;
  return [name.slice(0, slash), name.slice(slash + 1)];
}

/** Reads a block of header; undefined if it is a block of zeroes. Throws a SyntaxError if it is neither. */
export function decodeTarHeader(block: Uint8Array): RawTarHeader | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  const sum = getNumber(block, CHECKSUM_AT, CHECKSUM_BYTES);
  if (!checksums(block).includes(sum)) throw new SyntaxError("the checksum of a header is wrong");
  const name = getText(block, 0, 100);
  // GNU archives keep other things where ustar has the prefix.
  const isUstar = getText(block, 257, 6) === "ustar" && block[262] === 0;
  const prefix = isUstar ? getText(block, 345, 155) : "";
  return {
    name: prefix === "" ? name : `${prefix}/${name}`,
    typeFlag: String.fromCharCode(block[156] ?? 0),
    size: getNumber(block, 124, 12),
    mode: getNumber(block, 100, 8) % 0o10000,
    uid: getNumber(block, 108, 8),
    gid: getNumber(block, 116, 8),
    mtime: getNumber(block, 136, 12),
    linkName: getText(block, 157, 100),
  };
}

/** The sum over a header with spaces for the sum itself; very old programs took bytes as signed. */
function checksums(block: Uint8Array): number[] {
  let unsigned = 32 * CHECKSUM_BYTES;
  let signed = unsigned;
  block.forEach((byte, at) => {
    if (at >= CHECKSUM_AT && at < CHECKSUM_AT + CHECKSUM_BYTES) return;
    unsigned += byte;
    signed += byte << 24 >> 24;
  });
  return [unsigned, signed];
}

function putText(block: Uint8Array, at: number, length: number, text: string): void {
  block.set(encoder.encode(text).subarray(0, length), at);
}

function putOctal(block: Uint8Array, at: number, length: number, value: number): void {
  putText(block, at, length, value.toString(8).padStart(length - 1, "0"));
}

function getText(block: Uint8Array, at: number, length: number): string {
  const field = block.subarray(at, at + length);
  const end = field.indexOf(0);
  return decoder.decode(end < 0 ? field : field.subarray(0, end));
}

function getNumber(block: Uint8Array, at: number, length: number): number {
  const field = block.subarray(at, at + length);
  const first = field[0] ?? 0;
  if ((first & 0x80) !== 0) return getBinary(field);
  const text = getText(block, at, length).trim();
  if (!/^[0-7]*$/.test(text)) throw new SyntaxError("a number of a header is malformed");
  return text === "" ? 0 : parseInt(text, 8);
}

/** GNU's way to write numbers that octal digits have no room for; negative ones have no use here. */
function getBinary(field: Uint8Array): number {
  const value = field.reduce(
    (sum, byte, index) => sum * 256 + (index === 0 ? byte & 0x7f : byte),
    0,
  );
  if (!Number.isSafeInteger(value)) throw new SyntaxError("a number of a header is out of range");
  return value;
}
