import { abortable } from "@std/async";
import { fromFileUrl } from "@std/path";
import { BenchClient, openSocket } from "../_client.ts";
import { type BenchRow, finishRow, interleave } from "../_harness.ts";
import { createSession } from "../_hello.ts";
import { startProcess } from "../_process.ts";
import { startServer } from "../_server.ts";
import { timed } from "../_timing.ts";

const CONNECTIONS = 64;
const ECHO_SERVER = fromFileUrl(new URL("../_echo_server.ts", import.meta.url));
const REQUEST = JSON.stringify({
  jsonrpc: "2.0",
  id: 1,
  method: "session.list",
  params: {},
});

/** Round trips a second over many connections, one request at a time on each. */
export const throughput: BenchRow = {
  id: "calls",
  summary: "session.list round trips with 64 connections",
  async run(context) {
    await using server = await startServer({ directory: context.directory });
    await using echo = await startProcess({
      args: ["run", "--no-config", "--allow-net=127.0.0.1", ECHO_SERVER],
      ready: /^Echo listening on (\S+)$/m,
    });
    // The session that the list has in it.
    using client = await BenchClient.connect(server.url);
    await createSession(client);
    using ours = await SocketGroup.connect(server.url);
    using baseline = await SocketGroup.connect(echo.said);
    const calls = CONNECTIONS * (context.quick ? 50 : 400);
    const figures = await interleave(context, {
      ours: () => ours.measure(calls, isListOfOne, context.signal),
      baseline: () => baseline.measure(calls, (text) => text === REQUEST, context.signal),
    }, { rounds: context.quick ? 3 : 15, warmups: 2 });
    return finishRow({
      id: this.id,
      title: `\`session.list\` round trips over ${CONNECTIONS} connections`,
      against: "an echo over WebSocket on bare `Deno.serve`",
      unit: "calls/s",
      reach: { atLeast: 0.5 },
      notes: [
        "The client runs on the same cores as the servers and costs both the same",
      ],
    }, figures);
  },
};

function isListOfOne(text: string): boolean {
  const { id, result } = JSON.parse(text);
  return id === 1 && result?.count === 1;
}

/** Connections that each send a request as soon as the last one was answered. */
class SocketGroup implements Disposable {
  readonly #sockets: readonly WebSocket[];

  private constructor(sockets: readonly WebSocket[]) {
    this.#sockets = sockets;
  }

  static async connect(url: string): Promise<SocketGroup> {
    return new SocketGroup(
      await Promise.all(
        Array.from({ length: CONNECTIONS }, () => openSocket(url)),
      ),
    );
  }

  /** Makes so many calls and returns calls a second; the first and last answer of each are checked. */
  async measure(
    calls: number,
    isRight: (text: string) => boolean,
    signal: AbortSignal,
  ): Promise<number> {
    const each = calls / this.#sockets.length;
    const milliseconds = await timed(() => {
      const all = this.#sockets.map((socket) => callRepeatedly(socket, each, isRight));
      return abortable(Promise.all(all), signal);
    });
    return calls / (milliseconds / 1000);
  }

  [Symbol.dispose](): void {
    for (const socket of this.#sockets) socket.close();
  }
}

function callRepeatedly(
  socket: WebSocket,
  times: number,
  isRight: (text: string) => boolean,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let answered = 0;
  socket.onclose = ({ code }) => reject(new Error(`Connection closed with code ${code}`));
  socket.onmessage = ({ data }) => {
    answered++;
    const isEdge = answered === 1 || answered === times;
    if (isEdge && !isRight(String(data))) {
      reject(new Error(`Cannot use the answer ${data}`));
    } else if (answered < times) socket.send(REQUEST);
    else resolve();
  };
  socket.send(REQUEST);
  return promise;
}
