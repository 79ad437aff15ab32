import { CommandError, InvalidParamsError, SandboxError } from "../errors.ts";
import type { Encoding } from "../protocol/commands.ts";
import type { SessionLimits } from "./session_limits.ts";

/** Where a value stands in the params, for the error that names it. */
export type ParamsPath = readonly (string | number)[];

type ByteLimit = "maxCodeBytes" | "maxFileBytes";

const encoder = new TextEncoder();
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Turns content from the wire into bytes. Throws `InvalidParamsError` if it is not what it says it is. */
export function decodeContent(
  content: string,
  encoding: Encoding,
  path: ParamsPath,
): Uint8Array<ArrayBuffer> {
  if (encoding === "utf8") {
    if (content.isWellFormed()) return encoder.encode(content);
    throw invalid(path, 'Text has half a surrogate pair, send bytes with encoding "base64"');
  }
  try {
    return Uint8Array.fromBase64(content);
  } catch {
    // The engine's own words name neither the key nor what was expected.
    throw invalid(path, "Not valid base64, expected letters, digits, +, / and = as padding");
  }
}

/** Turns bytes into content for the wire. Throws a `CommandError` if they are no text. */
export function encodeContent(bytes: Uint8Array, encoding: Encoding, path: string): string {
  if (encoding === "base64") return bytes.toBase64();
  try {
    return strict.decode(bytes);
  } catch (cause) {
    const message =
      `Cannot read "${path}" as text: not valid UTF-8, read it with encoding "base64"`;
    throw new CommandError(message, { cause });
  }
}

/** The issues of a sandbox, which knows the command only, where they stand in the client's params. */
export function locateIssues(error: InvalidParamsError, prefix: ParamsPath): InvalidParamsError {
  const issues = error.issues.map(({ path, message }) => ({
    path: [...prefix, ...(path[0] === "command" ? path.slice(1) : path)],
    message,
  }));
  return new InvalidParamsError(issues, { cause: error });
}

/** Throws a `SandboxError` of code `too_large` if a number of bytes is above a limit of the server. */
export function assertSize<Limit extends ByteLimit>(
  what: string,
  bytes: number,
  limits: Pick<SessionLimits, Limit>,
  limit: Limit,
): void {
  const maxBytes = limits[limit];
  if (bytes <= maxBytes) return;
  const message = `${what} is too large: ${bytes} bytes, at most ${maxBytes} (${limit})`;
  throw new SandboxError("too_large", message, { data: { limit, maxBytes, bytes } });
}

/** From this length on, encoding a text is faster than looking at each of its characters. */
const ENCODE_LENGTH = 4096;

/** The number of bytes of a text in UTF-8. */
export function utf8Length(text: string): number {
  if (text.length >= ENCODE_LENGTH) return encoder.encode(text).length;
  let length = text.length;
  for (let i = 0; i < text.length; i++) {
    const unit = text.charCodeAt(i);
    // A surrogate pair is two units and four bytes, and half of one becomes a character of three.
    if (unit >= 0x800) length += isPairAt(text, i) ? (i++, 2) : 2;
    else if (unit >= 0x80) length++;
  }
  return length;
}

function isPairAt(text: string, index: number): boolean {
  return (text.charCodeAt(index) & 0xfc00) === 0xd800 &&
    (text.charCodeAt(index + 1) & 0xfc00) === 0xdc00;
}

function invalid(path: ParamsPath, message: string): InvalidParamsError {
  return new InvalidParamsError([{ path: [...path], message }]);
}
