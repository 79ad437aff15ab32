import type { CommandInput } from "../../src/protocol/commands.ts";
import type { OutputChunk } from "../../src/protocol/execution.ts";
import type { MethodInput, MethodResult } from "../../src/protocol/methods.ts";
import { NOTIFICATIONS } from "../../src/protocol/notifications.ts";
import type { RpcClient } from "./rpc_client.ts";
import type { TestSession } from "./test_session.ts";

type ShellCommand = Extract<CommandInput, { type: "execute_shell" }>;
type StartOptions =
  & Partial<Pick<MethodInput<"session.execute">, "stream" | "timeoutMs" | "executionId">>
  & Partial<Pick<ShellCommand, "stdin" | "env" | "workingDirectory" | "pty" | "cols" | "rows">>;

/** The params of a process method but for those that every one has. */
type Rest<K extends Parameters<RpcClient["request"]>[0]> = Omit<
  MethodInput<K>,
  "processId" | "sessionId"
>;

/** A process in the background that a test started. */
export class TestProcess {
  readonly #client: RpcClient;
  readonly id: string;
  readonly pid: number | undefined;

  /** Takes one that was started, as a client sees it. */
  constructor(client: RpcClient, id: string, pid?: number) {
    this.#client = client;
    this.id = id;
    this.pid = pid;
  }

  /** Starts a program, which must start. */
  static async start(
    client: RpcClient,
    session: TestSession,
    [commandName, ...args]: readonly [string, ...string[]],
    options: StartOptions = {},
  ): Promise<TestProcess> {
    const { stdin, env, workingDirectory, pty, cols, rows, ...rest } = options;
    const type = "execute_shell" as const;
    const terminal = { pty, cols, rows };
    const program = { type, commandName, args, stdin, env, workingDirectory, ...terminal };
    const answer = await session.execute({ ...program, background: true }, rest);
    const started = answer.result as { processId: string; pid?: number } | null;
    if (!answer.success || started === null) {
      throw new Error(`Expected "${commandName}" to start: ${answer.error}`);
    }
    return new TestProcess(client, started.processId, started.pid);
  }

  /** The same process as another client sees it. */
  seenBy(client: RpcClient): TestProcess {
    return new TestProcess(client, this.id, this.pid);
  }

  get(): Promise<MethodResult<"process.get">> {
    return this.#client.request("process.get", { processId: this.id });
  }

  write(data: string): Promise<MethodResult<"process.write">> {
    return this.#client.request("process.write", { processId: this.id, data });
  }

  closeStdin(): Promise<MethodResult<"process.closeStdin">> {
    return this.#client.request("process.closeStdin", { processId: this.id });
  }

  signal(
    signal: MethodInput<"process.signal">["signal"],
    target?: "process" | "group",
  ): Promise<MethodResult<"process.signal">> {
    return this.#client.request("process.signal", { processId: this.id, signal, target });
  }

  /** Changes the size of its terminal. */
  resize(size: Rest<"process.resize">): Promise<MethodResult<"process.resize">> {
    return this.#client.request("process.resize", { processId: this.id, ...size });
  }

  /** Stops it with all that it started. */
  cancel({ id: sessionId }: TestSession): Promise<MethodResult<"session.cancel">> {
    return this.#client.request("session.cancel", { sessionId, executionId: this.id });
  }

  /** Waits for a line, a port or the end. */
  waitFor(wanted: Rest<"process.waitFor"> = {}): Promise<MethodResult<"process.waitFor">> {
    return this.#client.request("process.waitFor", {
      processId: this.id,
      timeoutMs: 20_000,
      ...wanted,
    });
  }

  attach(wanted: Rest<"process.attach"> = {}): Promise<MethodResult<"process.attach">> {
    return this.#client.request("process.attach", { processId: this.id, ...wanted });
  }

  /** Waits for its end and returns how that was. */
  async end(): Promise<NonNullable<MethodResult<"process.wait">["result"]>> {
    const { result } = await this.#client.request("process.wait", {
      processId: this.id,
      timeoutMs: 20_000,
    });
    if (result === undefined) throw new Error("Expected the process to end");
    return result;
  }

  /** The chunks of it that were sent so far. */
  sent(): OutputChunk[] {
    return this.#client.notifications("process.output")
      .map((params) => NOTIFICATIONS["process.output"].parse(params))
      .filter(({ processId }) => processId === this.id)
      .map(({ stream, data, seq, droppedBytes }) => ({
        stream,
        data,
        seq,
        ...(droppedBytes !== undefined && { droppedBytes }),
      }));
  }

  /** The notification of its end. */
  async exit(): Promise<Record<string, unknown>> {
    const message = await this.#client.next(
      ({ method, params }) => method === "process.exit" && params?.processId === this.id,
    );
    return message.params!;
  }
}

/** The text of chunks. */
export function textOf(chunks: readonly OutputChunk[], stream = "stdout"): string {
  return chunks.filter((chunk) => chunk.stream === stream).map(({ data }) => data).join("");
}
