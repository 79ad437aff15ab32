import { assertEquals } from "@std/assert";
import { Expiry } from "../../src/sessions/expiry.ts";
import type { StoredSession } from "../../src/sessions/session_facts.ts";
import { type RecordedSession, SessionRecorder } from "../../src/sessions/session_recorder.ts";
import type { RegistryChanges } from "../../src/sessions/session_registry.ts";
import { FakeClock } from "./fake_clock.ts";
import { keepLines, type LogLine } from "./test_manager.ts";
import { storedSession } from "./test_session_facts.ts";

/** What one write was about, by ids. */
type Write = Record<keyof RegistryChanges, string[]>;

/** A recorder over a registry that only takes note, or fails. */
class TestRecorder {
  readonly clock = new FakeClock();
  readonly log: LogLine[] = [];
  readonly writes: Write[] = [];
  /** What was stored last of each session. */
  readonly stored = new Map<string, Partial<StoredSession>>();
  failure: Error | undefined;
  readonly recorder = new SessionRecorder({
    registry: { write: (changes) => this.#write(changes) },
    clock: this.clock,
    expiry: new Expiry(this.clock),
    logger: keepLines(this.log),
  });

  /** A session that is idle, unless the test says otherwise. */
  session(id: string, others: Partial<RecordedSession> = {}): RecordedSession {
    const stored = () => storedSession({ id, lastActivityAt: this.clock.wallTime() });
    return { id, outlivesServer: true, isBusy: false, stored, ...others };
  }

  #write({ save = [], activity = [], remove = [] }: RegistryChanges): void {
    if (this.failure !== undefined) throw this.failure;
    for (const session of [...save, ...activity]) this.stored.set(session.id, session);
    const ids = (list: readonly { id: string }[]) => list.map(({ id }) => id);
    this.writes.push({ save: ids(save), activity: ids(activity), remove: [...remove] });
  }
}

Deno.test("SessionRecorder writes new sessions and ends at once", () => {
  const test = new TestRecorder();
  const session = test.session("a");
  test.recorder.save(session);
  test.recorder.remove(session);
  assertEquals(test.writes, [
    { save: ["a"], activity: [], remove: [] },
    { save: [], activity: [], remove: ["a"] },
  ]);
  assertEquals(test.clock.timers, 0);
});

Deno.test("SessionRecorder collects the activity of all sessions in one write every few seconds", async () => {
  const test = new TestRecorder();
  const sessions = ["a", "b", "c"].map((id) => test.session(id));
  for (let i = 0; i < 40; i++) {
    for (const session of sessions) test.recorder.touch(session);
    await test.clock.advance(100);
  }
  assertEquals(test.writes, []);
  await test.clock.advance(1000);
  assertEquals(test.writes, [{ save: [], activity: ["a", "b", "c"], remove: [] }]);
  await test.clock.advance(3_600_000);
  assertEquals([test.writes.length, test.clock.timers], [1, 0]);
  test.recorder.touch(sessions[1]!);
  test.recorder.flush();
  assertEquals(test.writes.slice(1), [{ save: [], activity: ["b"], remove: [] }]);
});

Deno.test("SessionRecorder counts a command that runs for long as activity all along", async () => {
  const test = new TestRecorder();
  let isBusy = true;
  const session = test.session("a");
  test.recorder.touch({
    ...session,
    get isBusy() {
      return isBusy;
    },
  });
  await test.clock.advance(3_600_000);
  assertEquals(test.writes.length, 720);
  assertEquals(test.stored.get("a")?.lastActivityAt, test.clock.wallTime());
  isBusy = false;
  await test.clock.advance(3_600_000);
  assertEquals([test.writes.length, test.clock.timers], [721, 0]);
});

Deno.test("SessionRecorder leaves sessions alone that end with the server", () => {
  const test = new TestRecorder();
  const session = test.session("a", { outlivesServer: false, stored: () => undefined });
  for (const act of ["save", "touch", "remove"] as const) test.recorder[act](session);
  test.recorder.flush();
  assertEquals([test.stored.size, test.clock.timers], [0, 0]);
  assertEquals(test.writes.flatMap(({ remove }) => remove), []);
});

Deno.test("SessionRecorder tries again what cannot be written, and complains once in a while", async () => {
  const test = new TestRecorder();
  const [kept, ended] = [test.session("kept"), test.session("ended")];
  test.recorder.save(ended);
  test.failure = new Error("database or disk is full");
  test.recorder.save(kept);
  test.recorder.touch(kept);
  test.recorder.remove(ended);
  await test.clock.advance(59_000);
  assertEquals(test.log.map(({ level }) => level), ["error"]);
  assertEquals(test.log[0]?.properties?.error, test.failure);
  await test.clock.advance(60_000);
  assertEquals(test.log.length, 2);
  test.failure = undefined;
  await test.clock.advance(5000);
  assertEquals(test.writes.slice(1), [{ save: ["kept"], activity: ["kept"], remove: ["ended"] }]);
  assertEquals([test.log.length, test.clock.timers], [2, 0]);
});
