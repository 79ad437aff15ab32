import { BenchClient } from "../_client.ts";
import {
  type BenchContext,
  type BenchRow,
  finishRow,
  interleave,
  type Reach,
  type RowResult,
} from "../_harness.ts";
import { closeSessions, createSession, executeHello, HelloFile } from "../_hello.ts";
import { startServer } from "../_server.ts";
import { countHits, rest, restUntilSpare } from "../_spares.ts";
import { timed } from "../_timing.ts";

/** Create, run and answer while a started child waits. */
export const helloWithSpare: BenchRow = {
  id: "hello",
  summary: "create + TypeScript hello + answer, a spare ready",
  run: (context) =>
    measureHello(context, {
      id: "hello",
      title: "Create a session, run the TypeScript hello, get the answer; a spare is ready",
      reach: { atMost: 0.5 },
      spares: true,
    }),
};

/** The same when the child has yet to start. */
export const helloWithoutSpare: BenchRow = {
  id: "hello-cold",
  summary: "the same, no spare",
  run: (context) =>
    measureHello(context, {
      id: "hello-cold",
      title: "The same without a spare: the child starts on demand",
      reach: { atMost: 1.6 },
      spares: false,
    }),
};

interface HelloRow {
  readonly id: string;
  readonly title: string;
  readonly reach: Reach;
  readonly spares: boolean;
}

async function measureHello(context: BenchContext, row: HelloRow): Promise<RowResult> {
  const { id, title, reach, spares } = row;
  const { directory, signal, quick } = context;
  const env: Record<string, string> = spares ? {} : { CODEBEAKER_SPARES: "0" };
  await using server = await startServer({ directory, env });
  using client = await BenchClient.connect(server.url);
  const file = await HelloFile.write(directory);
  const hits = await countHits(client);
  const ours = async () => {
    if (spares) await restUntilSpare(client, signal);
    else await rest(signal);
    let sessionId = "";
    const milliseconds = await timed(async () => {
      sessionId = await createSession(client);
      await executeHello(client, sessionId);
    });
    await closeSessions(client, [sessionId]);
    return milliseconds;
  };
  const baseline = async () => {
    // The same rest as before ours, so that both meet the machine in the same state.
    await rest(signal);
    return timed(() => file.run(signal));
  };
  const figures = await interleave(context, { ours, baseline }, {
    rounds: quick ? 8 : 60,
    warmups: 3,
  });
  const notes = spares ? [await hits()] : [];
  const against = "`deno run hello.ts` to its exit";
  return finishRow({ id, title, against, unit: "ms", reach, notes }, figures);
}
