import type { CommandInput } from "../../src/protocol/commands.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { MethodInput, MethodResult } from "../../src/protocol/methods.ts";
import type { RpcClient } from "./rpc_client.ts";

type ExecuteOptions = Omit<
  MethodInput<"session.execute">,
  "sessionId" | "command"
>;
type CodeOptions =
  & ExecuteOptions
  & Partial<
    Pick<
      CommandInput & { type: "execute_code" },
      "args" | "env" | "stdin" | "language"
    >
  >;
type ShellOptions =
  & ExecuteOptions
  & Partial<
    Pick<
      CommandInput & { type: "execute_shell" },
      "workingDirectory" | "env" | "stdin"
    >
  >;

/** A session that a test opened; closed when the test leaves its block. */
export class TestSession implements AsyncDisposable {
  /** What `session.create` returned. */
  readonly created: MethodResult<"session.create">;
  readonly #client: RpcClient;

  private constructor(
    client: RpcClient,
    created: MethodResult<"session.create">,
  ) {
    this.#client = client;
    this.created = created;
  }

  /** Creates a session, in Deno unless the params say otherwise. */
  static async open(
    client: RpcClient,
    params: Partial<MethodInput<"session.create">> = {},
  ): Promise<TestSession> {
    return new TestSession(
      client,
      await client.request("session.create", { language: "deno", ...params }),
    );
  }

  /** Its id. */
  get id(): string {
    return this.created.sessionId;
  }

  /** Runs any command. */
  execute(
    command: CommandInput,
    options: ExecuteOptions = {},
  ): Promise<CommandEnvelope> {
    return this.#client.request("session.execute", {
      sessionId: this.id,
      command,
      ...options,
    });
  }

  /** Runs code. */
  code(code: string, options: CodeOptions = {}): Promise<CommandEnvelope> {
    const { args, env, stdin, language, ...rest } = options;
    const command = {
      type: "execute_code" as const,
      code,
      args,
      env,
      stdin,
      language,
    };
    return this.execute(command, rest);
  }

  /** Runs code that must succeed, and returns what it printed. */
  async output(code: string, options: CodeOptions = {}): Promise<string> {
    const { success, error, result } = await this.code(code, options);
    if (!success) throw new Error(`Expected the code to succeed: ${error}`);
    return result as string;
  }

  /** Runs a program. */
  shell(
    commandName: string,
    args: string[] = [],
    options: ShellOptions = {},
  ): Promise<CommandEnvelope> {
    const { workingDirectory, env, stdin, ...rest } = options;
    const type = "execute_shell" as const;
    return this.execute({
      type,
      commandName,
      args,
      workingDirectory,
      env,
      stdin,
    }, rest);
  }

  /** Writes a text file, which must succeed. */
  async write(path: string, content: string): Promise<void> {
    const { success, error } = await this.execute({
      type: "write_file",
      path,
      content,
    });
    if (!success) throw new Error(`Expected ${path} to be written: ${error}`);
  }

  /** Reads a text file, which must succeed. */
  async read(path: string): Promise<string> {
    const { success, error, result } = await this.execute({
      type: "read_file",
      path,
    });
    if (!success) throw new Error(`Expected ${path} to be read: ${error}`);
    return (result as { content: string }).content;
  }

  /** Closes the session, unless it is closed already. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.#client.call("session.close", { sessionId: this.id });
  }
}
