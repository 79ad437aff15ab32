import { assertEquals } from "@std/assert";
import { SessionWatchers } from "../../src/sessions/session_watchers.ts";
import { TestConnection } from "./test_manager.ts";

/** Counts the abort listeners of a connection. */
function countListeners({ gone }: TestConnection): () => number {
  let count = 0;
  const { addEventListener, removeEventListener } = gone;
  gone.addEventListener = (...args: Parameters<typeof addEventListener>) => {
    count++;
    addEventListener.apply(gone, args);
  };
  gone.removeEventListener = (...args: Parameters<typeof removeEventListener>) => {
    count--;
    removeEventListener.apply(gone, args);
  };
  return () => count;
}

Deno.test("SessionWatchers leaves no listener on a connection that goes on", () => {
  const connection = new TestConnection("c1");
  const listeners = countListeners(connection);
  for (let i = 0; i < 100; i++) {
    const watchers = new SessionWatchers();
    watchers.add(connection.user.watcher!);
    watchers.add(connection.user.watcher!);
    assertEquals([watchers.size, listeners()], [1, 1]);
    watchers.close(`s${i}`, "client");
    watchers.close(`s${i}`, "client");
    watchers.add(connection.user.watcher!);
  }
  assertEquals([listeners(), connection.closed.length], [0, 100]);
});

Deno.test("SessionWatchers forgets a connection that is gone", () => {
  const [stays, goes] = [new TestConnection("c1"), new TestConnection("c2")];
  const watchers = new SessionWatchers();
  for (const { user } of [stays, goes]) watchers.add(user.watcher!);
  goes.drop();
  watchers.add(goes.user.watcher!);
  assertEquals(watchers.size, 1);
  watchers.close("s", "shutdown");
  assertEquals([stays.closed, goes.closed], [[["s", "shutdown"]], []]);
});
