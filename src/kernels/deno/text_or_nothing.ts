/** A text that code of a cell may have a hand in; empty if that throws. */
export function textOrNothing(get: () => string): string {
  try {
    return get();
  } catch {
    return "";
  }
}
