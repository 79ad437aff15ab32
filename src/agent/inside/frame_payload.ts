import { FrameError, type FrameType, readUint32, writeUint32 } from "./frames.ts";

const encoder = new TextEncoder();
const decoder = new TextDecoder("utf-8", { fatal: true });

/** A value as the payload of a frame. */
export function encodeJson(value: unknown): Uint8Array<ArrayBuffer> {
  return encoder.encode(JSON.stringify(value));
}

/** The object in a payload. Throws a {@linkcode FrameError} for anything else. */
export function decodeJson(type: FrameType, payload: Uint8Array): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(decoder.decode(payload));
  } catch (error) {
    throw new FrameError(`The payload of a frame "${type}" is not JSON`, { cause: error });
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw new FrameError(`The payload of a frame "${type}" is not an object`);
  }
  return value as Record<string, unknown>;
}

/** A number of bytes as the payload of a `credit`. */
export function encodeCredit(bytes: number): Uint8Array<ArrayBuffer> {
  const payload = new Uint8Array(4);
  writeUint32(payload, 0, bytes);
  return payload;
}

/** The number in the payload of a `credit`. */
export function decodeCredit(payload: Uint8Array): number {
  if (payload.length !== 4) {
    throw new FrameError(`The payload of a frame "credit" has ${payload.length} bytes, not 4`);
  }
  return readUint32(payload, 0);
}
