import { assert, assertEquals } from "@std/assert";
import type { MethodInput, MethodResult } from "../../src/protocol/methods.ts";
import type { NumberedFileEvents } from "../../src/protocol/watches.ts";
import type { RpcClient } from "./rpc_client.ts";
import type { TestSession } from "./test_session.ts";
import { until } from "./within.ts";

const WAIT_MS = 15_000;
const WORKSPACE = "/workspace/";

/** A watch of a session, as one connection is told of it. */
export class TestWatch {
  readonly created: MethodResult<"watch.create">;
  readonly #client: RpcClient;
  readonly #session: TestSession;

  private constructor(
    client: RpcClient,
    session: TestSession,
    created: MethodResult<"watch.create">,
  ) {
    this.#client = client;
    this.#session = session;
    this.created = created;
  }

  /** Begins to watch. */
  static async start(
    client: RpcClient,
    session: TestSession,
    params: Partial<MethodInput<"watch.create">> = {},
  ): Promise<TestWatch> {
    const created = await client.request("watch.create", { sessionId: session.id, ...params });
    return new TestWatch(client, session, created);
  }

  /** The params of methods that are about it. */
  get target(): { sessionId: string; watchId: string } {
    return { sessionId: this.#session.id, watchId: this.created.watchId };
  }

  /** What a connection was told of it. */
  batches(client = this.#client): NumberedFileEvents[] {
    return client.notifications("watch.event")
      .filter(({ watchId }) => watchId === this.created.watchId) as unknown as NumberedFileEvents[];
  }

  /** All that was told up to a file of ours, in short and in order. */
  async told(client = this.#client): Promise<string[]> {
    const mark = `mark-${crypto.randomUUID()}`;
    await this.#session.write(mark, "");
    const seen = () => short(this.batches(client));
    await until(() => seen().includes(`created ${mark}`), WAIT_MS, "the mark");
    return seen().filter((line) => !line.includes("mark-"));
  }
}

/** Events in short: what, where and what it is. */
export function short(batches: readonly NumberedFileEvents[]): string[] {
  return batches.flatMap(({ events }) => events).map(({ kind, path, type, from }) => {
    const name = (path: string) => path.slice(WORKSPACE.length);
    const end = from === undefined ? "" : ` < ${name(from)}`;
    return `${kind} ${name(path)}${type === "directory" ? "/" : ""}${end}`;
  });
}

/** What differs between runtimes. */
export interface WatchCase {
  readonly client: RpcClient;
  /** Another connection. */
  readonly other: RpcClient;
  readonly session: TestSession;
  /** Code that makes directories with a file in the deepest, all at once. */
  readonly makeTree: (path: string, file: string) => string;
}

/** Something that holds for the watches of every runtime. */
export interface WatchScenario {
  /** As it stands in the test's name. */
  readonly name: string;
  test(subject: WatchCase): Promise<void>;
}

/** What watches do, in every runtime that has them. */
export const WATCH_SCENARIOS: readonly WatchScenario[] = [
  {
    name: "a watch tells what commands and code do to files, and nothing of how we do it",
    test: async ({ client, session, makeTree }) => {
      await session.write("known", "1");
      const watch = await TestWatch.start(client, session);
      assertEquals([watch.created.state, watch.created.path], ["active", "/workspace"]);
      const { success, error } = await session.code(makeTree("made/by/code", "file"));
      assert(success, error ?? "");
      await session.write("known", "2");
      const all = [
        "created made/",
        "created made/by/",
        "created made/by/code/",
        "created made/by/code/file",
        "modified known",
      ];
      // In a directory all is in order; what is found below it comes when it is looked at.
      assertEquals((await watch.told()).toSorted(), all.toSorted());
      await session.write("made/by/code/file", "more");
      await session.execute({
        type: "move_file",
        sourcePath: "known",
        destinationPath: "made/new",
      });
      await session.execute({ type: "delete_file", path: "made", recursive: true });
      all.push("modified made/by/code/file", "renamed made/new < known", "removed made/");
      const told = await watch.told();
      // What happened in a directory that is gone by now may be left out.
      assertEquals(told.filter((line) => all.includes(line)), told);
      assertEquals(told.at(-1), "removed made/");
    },
  },
  {
    name: "a watch is taken up again on another connection, from any point that is kept",
    test: async ({ client, other, session }) => {
      const watch = await TestWatch.start(client, session);
      await session.write("one", "1");
      assertEquals(await watch.told(), ["created one"]);
      const { nextSeq } = await client.request("watch.attach", { ...watch.target, stream: false });
      await session.write("two", "2");
      await watch.told();
      const again = await other.request("watch.attach", watch.target);
      assertEquals(again.droppedBatches, 0);
      assertEquals(again.batches.map(({ seq }) => seq), [...Array(again.nextSeq).keys()]);
      assertEquals(short(again.batches), short(watch.batches()));
      const later = await other.request("watch.attach", { ...watch.target, seq: nextSeq });
      assertEquals(later.batches[0]?.seq, nextSeq);
      await session.write("three", "3");
      const told = await watch.told(other);
      assertEquals(told, ["created three"]);
      assertEquals(watch.batches(other)[0]?.seq, later.nextSeq);
      const { count, watches } = await other.request("watch.list", { sessionId: session.id });
      assertEquals([count, watches[0]?.watchId], [1, watch.created.watchId]);
      await other.request("watch.delete", watch.target);
      const { data } = await client.requestError("watch.attach", watch.target);
      assertEquals(data.reason, "watch_not_found");
    },
  },
  {
    name: "a watch leaves out what it is told to and ends with its directory",
    test: async ({ client, session }) => {
      await session.write("top/node_modules/package/file", "");
      const watch = await TestWatch.start(client, session, {
        path: "top",
        exclude: ["node_modules", "*.log"],
      });
      assertEquals(watch.created.path, "/workspace/top");
      await session.write("top/node_modules/package/file", "1");
      await session.write("top/some.log", "1");
      await session.write("top/some.txt", "1");
      await until(() => watch.batches().length > 0, WAIT_MS, "an event");
      assertEquals(short(watch.batches()), ["created top/some.txt"]);
      await session.execute({ type: "delete_file", path: "top", recursive: true });
      const ends = () => client.notifications("watch.end");
      await until(() => ends().length > 0, WAIT_MS, "the end");
      assertEquals([ends()[0]?.reason, ends()[0]?.watchId], ["removed", watch.created.watchId]);
      const { state, ended } = await client.request("watch.attach", watch.target);
      assertEquals([state, ended?.reason], ["ended", "removed"]);
    },
  },
  {
    name: "a watch is refused where it cannot be, and bounded in number",
    test: async ({ client, session }) => {
      await session.write("file", "");
      const sessionId = session.id;
      for (const path of ["missing", "file", "../etc", "/etc"]) {
        const { code, data } = await client.requestError("watch.create", { sessionId, path });
        assertEquals([code, data.reason], [-32602, "invalid_params"], path);
      }
      for (let count = 0; count < 8; count++) {
        await client.request("watch.create", { sessionId });
      }
      const { code, data } = await client.requestError("watch.create", { sessionId });
      assertEquals([code, data], [-32002, {
        reason: "watch_limit_reached",
        scope: "session",
        limit: 8,
      }]);
    },
  },
];
