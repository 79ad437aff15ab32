import { join } from "@std/path";
import type { BenchClient } from "./_client.ts";

/** The guide's first TypeScript program. */
export const HELLO = `const greeting: string = 'Hello from Deno!';
console.log(greeting);
const sum = (a: number, b: number): number => a + b;
console.log(\`Sum: \${sum(10, 20)}\`);`;

const ANSWER = "Hello from Deno!\nSum: 30";

/** Creates a Deno session and returns its id. */
export async function createSession(client: BenchClient): Promise<string> {
  const { sessionId } = await client.call("session.create", {
    language: "deno",
  });
  return sessionId;
}

/** Runs the program in a session and checks its answer. */
export async function executeHello(
  client: BenchClient,
  sessionId: string,
): Promise<void> {
  const answer = await client.call("session.execute", {
    sessionId,
    command: { type: "execute_code", code: HELLO },
  });
  if (answer.success && answer.result === ANSWER) return;
  throw new Error(
    `Cannot use the answer: expected the program's output, got ${JSON.stringify(answer)}`,
  );
}

/** Closes sessions and waits until they are gone. */
export async function closeSessions(
  client: BenchClient,
  ids: readonly string[],
): Promise<void> {
  await Promise.all(
    ids.map((sessionId) => client.call("session.close", { sessionId })),
  );
}

/** The program as a file, for the baseline: a plain `deno run`. */
export class HelloFile {
  readonly #directory: string;

  private constructor(directory: string) {
    this.#directory = directory;
  }

  /** Writes the program into a directory of its own, where no configuration file is near. */
  static async write(directory: string): Promise<HelloFile> {
    const own = await Deno.makeTempDir({ dir: directory, prefix: "hello-" });
    await Deno.writeTextFile(join(own, "hello.ts"), HELLO);
    return new HelloFile(own);
  }

  /** Runs it from nothing to its exit and checks the answer; the signal ends it. */
  async run(signal: AbortSignal): Promise<void> {
    const { code, stdout } = await new Deno.Command(Deno.execPath(), {
      args: ["run", "hello.ts"],
      cwd: this.#directory,
      env: {
        NO_COLOR: "1",
        DENO_NO_UPDATE_CHECK: "1",
        DENO_DIR: join(this.#directory, "cache"),
      },
      stdin: "null",
      stderr: "null",
      signal,
    }).output();
    if (code === 0 && new TextDecoder().decode(stdout).trimEnd() === ANSWER) {
      return;
    }
    throw new Error(
      `Cannot use the baseline: "deno run hello.ts" exited with ${code}`,
    );
  }
}
