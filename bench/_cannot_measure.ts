/** Something that the benchmark needs is missing on this machine; the message says what and how to get it. */
export class CannotMeasure extends Error {
  override readonly name = "CannotMeasure";
}
