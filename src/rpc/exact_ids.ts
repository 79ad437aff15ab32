/** A number as the client wrote it, which `JSON.stringify` writes the same way. */
export interface ExactNumber {
  readonly rawJSON: string;
}

/** What the engine passes to a reviver and can write back; newer than the library's types. */
interface SourceAwareJson {
  parse(
    text: string,
    reviver: (this: object, key: string, value: unknown, context: { source?: string }) => unknown,
  ): unknown;
  rawJSON(text: string): ExactNumber;
}

const json = JSON as unknown as SourceAwareJson;

/** Beyond this a second pass over the message would hold up everyone else. */
const MAX_LENGTH = 1024 * 1024;

/** Whether a double holds the number digit for digit. */
export function isExact(id: number): boolean {
  return Number.isFinite(id) && Math.abs(id) <= Number.MAX_SAFE_INTEGER;
}

/**
 * Returns the numeric id of every entry of a message digit for digit, since some clients count with 64
 * bits. Returns nothing for a message too large or too deep to look at twice.
 */
export function exactIds(text: string): readonly (ExactNumber | undefined)[] {
  if (text.length > MAX_LENGTH) return [];
  const sources = new Map<unknown, ExactNumber>();
  try {
    const message = json.parse(text, function (key, value, { source }) {
      if (key === "id" && typeof value === "number" && source !== undefined) {
        sources.set(this, json.rawJSON(source));
      }
      return value;
    });
    return [message].flat().map((entry) => sources.get(entry));
  } catch {
    // Nested deeper than a reviver can follow; the caller refuses the id.
    return [];
  }
}
