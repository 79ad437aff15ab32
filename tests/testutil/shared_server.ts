import type { MethodInput } from "../../src/protocol/methods.ts";
import { type ConnectOptions, RpcClient } from "./rpc_client.ts";
import { type ServerOptions, type ServerProcess, startServer } from "./server_process.ts";
import { TestSession } from "./test_session.ts";

/** The one server of a test file. */
export interface SharedServer {
  /** The running process; only inside tests. */
  readonly process: ServerProcess;
  /** Opens a connection to it. */
  connect(options?: ConnectOptions): Promise<RpcClient>;
  /** Runs something with a session on a connection of its own, and closes both. */
  withSession(
    run: (session: TestSession) => Promise<void>,
    params?: Partial<MethodInput<"session.create">>,
  ): Promise<void>;
}

/**
 * The environment in the query of a test's URL. A file that imports `other_test.ts?NAME=value` runs those
 * tests once more, against a server with that variable.
 */
export function queryEnv(moduleUrl: string): Record<string, string> {
  return Object.fromEntries(new URL(moduleUrl).searchParams);
}

/** Starts a server before the first test of the file and stops it after the last. */
export function sharedServer(options: ServerOptions = {}): SharedServer {
  let running: ServerProcess | undefined;
  Deno.test.beforeAll(async () => {
    running = await startServer(options);
  });
  Deno.test.afterAll(async () => {
    await running?.[Symbol.asyncDispose]();
  });
  return {
    get process(): ServerProcess {
      if (running === undefined) {
        throw new Error("Cannot use the server: no test is running");
      }
      return running;
    },
    connect(connectOptions: ConnectOptions = {}): Promise<RpcClient> {
      return RpcClient.connect(this.process.wsUrl, connectOptions);
    },
    async withSession(run, params = {}) {
      await using client = await this.connect();
      await using session = await TestSession.open(client, params);
      await run(session);
    },
  };
}
