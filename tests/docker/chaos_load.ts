import { delay } from "@std/async";
import type { CommandInput } from "../../src/protocol/commands.ts";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import { RpcClient, type RpcMessage } from "../testutil/rpc_client.ts";

/** What became of one command. */
export interface LoadAnswer {
  readonly sessionId: string;
  readonly type: CommandInput["type"];
  /**
   * `ok` is a result that is right, `wrong` one that is not; `failed` a result that says so; `refused` an error;
   * `closed` the end of the connection, `none` no answer although it stayed.
   */
  readonly kind: "ok" | "wrong" | "failed" | "refused" | "closed" | "none";
  /** The status of a result that failed, or the reason of an error. */
  readonly reason: string;
  readonly message: string;
}

interface Step {
  readonly command: CommandInput;
  isRight(result: CommandEnvelope["result"]): boolean;
}

const CONNECTIONS = 4;
/** Commands on their way at the same time, on each connection. */
const IN_FLIGHT = 2;
const PAUSE_MS = 15;
/** Holds what tells one session from the others. */
export const MARK = "mark.txt";

/** Commands that several connections send to sessions, a few at a time, for as long as it runs. */
export class Load implements AsyncDisposable {
  readonly answers: LoadAnswer[] = [];
  readonly #clients: RpcClient[];
  readonly #marks: ReadonlyMap<string, string>;
  readonly #workers: Promise<void>[];
  #stopped = false;

  private constructor(clients: RpcClient[], marks: ReadonlyMap<string, string>) {
    this.#clients = clients;
    this.#marks = marks;
    const ids = [...marks.keys()];
    this.#workers = clients.flatMap((client, index) => {
      const own = ids.filter((_, at) => at % clients.length === index);
      return Array.from({ length: IN_FLIGHT }, (_, worker) => this.#work(client, own, worker));
    });
  }

  /** @param marks what each session's {@linkcode MARK} holds, by the session's id */
  static async start(url: string, marks: ReadonlyMap<string, string>): Promise<Load> {
    const clients = await Promise.all(
      Array.from({ length: CONNECTIONS }, () => RpcClient.connect(url)),
    );
    return new Load(clients, marks);
  }

  /** Sends nothing more and waits for every answer; returns what came of all. */
  async stop(): Promise<readonly LoadAnswer[]> {
    this.#stopped = true;
    await Promise.all(this.#workers);
    return this.answers;
  }

  /** The sessions that were right once more after as many answers. */
  workingSince(count: number): Set<string> {
    return new Set(
      this.answers.slice(count).filter(({ kind }) => kind === "ok")
        .map(({ sessionId }) => sessionId),
    );
  }

  /** The sessions whose end the connections were told of, with the reason. */
  get closedSessions(): Map<string, string> {
    return new Map(
      this.#clients.flatMap((client) => client.notifications("session.closed"))
        .map(({ sessionId, reason }) => [String(sessionId), String(reason)]),
    );
  }

  /** Requests that were answered more than once. */
  get answeredTwice(): string[] {
    return this.#clients.flatMap((client) => {
      const ids = client.messages.filter(isResponse).map(({ id }) => String(id));
      return ids.filter((id, at) => ids.indexOf(id) !== at);
    });
  }

  /** Stops it and closes the connections. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop();
    await Promise.all(this.#clients.map((client) => client.close()));
  }

  async #work(client: RpcClient, sessions: readonly string[], worker: number): Promise<void> {
    for (let round = worker; !this.#stopped; round++) {
      const sessionId = sessions[round % sessions.length];
      if (sessionId === undefined) return;
      const answer = await this.#ask(client, sessionId, round);
      this.answers.push(answer);
      if (answer.kind === "closed") return;
      await delay(PAUSE_MS);
    }
  }

  async #ask(client: RpcClient, sessionId: string, round: number): Promise<LoadAnswer> {
    const { command, isRight } = this.#step(sessionId, round);
    const made = (kind: LoadAnswer["kind"], reason: string, message: string): LoadAnswer => {
      return { sessionId, type: command.type, kind, reason, message };
    };
    try {
      const { error, result } = await client.call("session.execute", { sessionId, command });
      if (error !== undefined) return made("refused", String(error.data?.reason), error.message);
      const envelope = result as CommandEnvelope;
      if (!envelope.success) {
        return made("failed", String(envelope.status), String(envelope.error));
      }
      const text = JSON.stringify(envelope.result);
      return isRight(envelope.result) ? made("ok", "", "") : made("wrong", "", text);
    } catch (error) {
      const { message } = error as Error;
      return made(/connection (closed|is not open)/.test(message) ? "closed" : "none", "", message);
    }
  }

  /** What a session is asked for next: files and programs, some of which take a moment. */
  #step(sessionId: string, round: number): Step {
    const token = `${sessionId.slice(0, 8)}-${round}`;
    switch (round % 7) {
      case 0:
      case 1:
        return {
          command: { type: "read_file", path: MARK },
          isRight: (result) =>
            (result as { content: string }).content === this.#marks.get(sessionId),
        };
      case 2:
        return {
          command: { type: "write_file", path: `${round % 3}.txt`, content: token },
          isRight: (result) => (result as { bytes: number }).bytes === token.length,
        };
      case 3:
      case 4:
        return {
          command: { type: "execute_code", code: `sleep 0.3; echo ${token}` },
          isRight: (result) => result === token,
        };
      default:
        return {
          command: { type: "execute_shell", commandName: "cat", args: [MARK] },
          isRight: (result) => (result as { stdout: string }).stdout === this.#marks.get(sessionId),
        };
    }
  }
}

function isResponse(message: RpcMessage): boolean {
  return message.id !== undefined;
}
