const encoder = new TextEncoder();
const decoder = new TextDecoder();

/** Writes records as a pax header has them: `length key=value`, where the length counts itself. */
export function encodePax(records: Readonly<Record<string, string>>): Uint8Array<ArrayBuffer> {
  const lines = Object.entries(records).map(([key, value]) => {
    const rest = encoder.encode(` ${key}=${value}\n`).length;
    let length = rest + String(rest).length;
    if (String(length).length > String(rest).length) length = rest + String(length).length;
    return `${length} ${key}=${value}\n`;
  });
  return encoder.encode(lines.join(""));
}

/** Reads the records of a pax header; throws a SyntaxError if it is malformed. */
export function decodePax(bytes: Uint8Array): Map<string, string> {
  const records = new Map<string, string>();
  for (let at = 0; at < bytes.length;) {
    const space = bytes.indexOf(0x20, at);
    const digits = decoder.decode(bytes.subarray(at, Math.min(space < 0 ? at : space, at + 12)));
    const length = /^[1-9]\d*$/.test(digits) ? Number(digits) : 0;
    const end = at + length;
    const equals = bytes.indexOf(0x3d, space);
    if (end > bytes.length || equals < 0 || equals >= end || bytes[end - 1] !== 0x0a) {
      throw new SyntaxError("an extended header is malformed");
    }
    const key = decoder.decode(bytes.subarray(space + 1, equals));
    const value = decoder.decode(bytes.subarray(equals + 1, end - 1));
    // What reads up to a zero would see another name than what reads all of it.
    if (value.includes("\0") && !key.startsWith("SCHILY.xattr.")) {
      throw new SyntaxError("an extended header has a zero in a value");
    }
    records.set(key, value);
    at = end;
  }
  return records;
}
