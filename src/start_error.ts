/** Settings with which the server cannot start; each problem is a sentence for the operator. */
export class StartError extends Error {
  override readonly name = "StartError";
  readonly problems: readonly string[];

  /** Makes the error from its problems. */
  constructor(problems: readonly string[], options: ErrorOptions = {}) {
    super(problems.join("; "), options);
    this.problems = problems;
  }
}
