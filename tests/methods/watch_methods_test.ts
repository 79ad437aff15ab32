import { assertEquals, assertInstanceOf } from "@std/assert";
import { SandboxError } from "../../src/errors.ts";
import type { FileEvents } from "../../src/runtimes/file_watch.ts";
import { settled } from "../sessions/fake_clock.ts";
import type { FakeSandbox } from "../sessions/fake_runtime.ts";
import { TestMethods, type TestPeer } from "./test_methods.ts";

const created = (path: string): FileEvents => ({
  events: [{ kind: "created", path, type: "file" }],
  overflow: false,
  notWatched: [],
});

/** A session with a watch whose events are the test's. */
async function setUp(params: { stream?: boolean } = {}) {
  const test = new TestMethods();
  const sessionId = await test.session();
  const { watchId } = await test.peer.call("watch.create", { sessionId, ...params });
  const sandbox = test.runtime.sandboxes[0] as FakeSandbox;
  const tell = (events: FileEvents) => sandbox.tell.forEach((sink) => sink(events));
  test.peer.told.length = 0;
  return { test, sandbox, tell, target: { sessionId, watchId } };
}

const seqs = ({ told }: TestPeer) =>
  told.filter(([method]) => method === "watch.event")
    .map(([, params]) => params as { seq: number; overflow?: true })
    .map(({ seq, overflow }) => overflow === undefined ? `${seq}` : `${seq} overflow`);

Deno.test("watch.create() sends events in order, and the end", async () => {
  const { test, sandbox, tell, target } = await setUp();
  await using _test = test;
  tell(created("/workspace/a"));
  tell({ ...created("/workspace/b"), overflow: true, notWatched: ["/workspace/d"] });
  sandbox.endWatches[0]?.({ reason: "removed", message: "gone" });
  await settled();
  tell(created("/workspace/late"));
  const event = (path: string) => ({ kind: "created", path, type: "file" });
  assertEquals(test.peer.told, [
    ["watch.event", { ...target, seq: 0, events: [event("/workspace/a")] }],
    ["watch.event", {
      ...target,
      seq: 1,
      events: [event("/workspace/b")],
      overflow: true,
      notWatched: ["/workspace/d"],
    }],
    ["watch.end", { ...target, reason: "removed", message: "gone" }],
  ]);
  const { state, notWatched, nextSeq } = await test.peer.call("watch.attach", target);
  assertEquals([state, notWatched, nextSeq], ["ended", ["/workspace/d"], 2]);
});

Deno.test("watch.attach() gives a connection what it missed, and a gap where that is not kept", async () => {
  const { test, tell, target } = await setUp({ stream: false });
  await using _test = test;
  const big = created(`/workspace/${"x".repeat(4000)}`);
  for (let at = 0; at < 100; at++) tell(big);
  assertEquals(test.peer.told, []);
  const { batches, droppedBatches, nextSeq } = await test.peer.call("watch.attach", target);
  assertEquals([batches.length + droppedBatches, nextSeq], [100, 100]);
  assertEquals([batches[0]?.seq, batches[0]?.overflow], [droppedBatches, true]);
  assertEquals(batches.slice(1).some(({ overflow }) => overflow), false);
  tell(created("/workspace/next"));
  assertEquals(seqs(test.peer), ["100"]);
  const late = await test.peer.call("watch.attach", { ...target, seq: 100, stream: false });
  assertEquals(late.batches.map(({ seq, overflow }) => [seq, overflow]), [[100, undefined]]);
});

Deno.test("watch.event waits for a connection that is slow, and tells it of a gap", async () => {
  const { test, tell, target } = await setUp();
  await using _test = test;
  const { peer } = test;
  peer.hasRoom = false;
  tell(created("/workspace/a"));
  assertEquals(peer.told, []);
  peer.hasRoom = true;
  await test.clock.advance(50);
  assertEquals(seqs(peer), ["0"]);
  peer.hasRoom = false;
  for (let at = 0; at < 100; at++) tell(created(`/workspace/${"x".repeat(4000)}`));
  peer.hasRoom = true;
  await test.clock.advance(50);
  const [, first = ""] = seqs(peer);
  assertEquals(first.endsWith(" overflow"), true);
  assertEquals(seqs(peer).at(-1), "100");
  const other = test.connect("p2");
  await other.call("watch.attach", target);
  other.drop();
  tell(created("/workspace/b"));
  assertEquals(other.told, [["answer", "watch.attach"]]);
});

Deno.test("watch.create() is bounded and ends with the session", async () => {
  const { test, sandbox, target } = await setUp();
  await using _test = test;
  const { sessionId } = target;
  const { peer } = test;
  for (let count = 1; count < 8; count++) await peer.call("watch.create", { sessionId });
  const limit = await peer.call("watch.create", { sessionId }).catch((error) => error);
  assertInstanceOf(limit, SandboxError);
  assertEquals([limit.code, limit.data], ["watch_limit_reached", { scope: "session", limit: 8 }]);
  await peer.call("watch.delete", target);
  const { count } = await peer.call("watch.list", { sessionId });
  assertEquals([count, sandbox.tell.size], [7, 7]);
  const { background } = test.manager.counts();
  assertEquals(background, [{ runtime: "deno", processes: 0, watches: 7 }]);
  const stranger = await test.connect("p2", "other").call("watch.list", { sessionId })
    .catch((error) => error);
  assertEquals(stranger.code, "session_not_found");
  const gate = Promise.withResolvers<void>();
  sandbox.watchGate = () => gate.promise;
  const late = peer.call("watch.create", { sessionId }).catch((error) => error);
  await peer.call("session.close", { sessionId });
  gate.resolve();
  assertEquals((await late).code, "session_closed");
  assertEquals(sandbox.tell.size, 0);
});
