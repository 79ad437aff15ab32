/** A directory of a test, removed in the end. */
export class TempDir implements AsyncDisposable {
  readonly path: string;

  private constructor(path: string) {
    this.path = path;
  }

  static async make(): Promise<TempDir> {
    return new TempDir(await Deno.makeTempDir({ prefix: "codebeaker-test-" }));
  }

  /** The names in it, sorted. */
  async names(): Promise<string[]> {
    return (await Array.fromAsync(Deno.readDir(this.path), ({ name }) => name)).sort();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Deno.remove(this.path, { recursive: true });
  }
}
