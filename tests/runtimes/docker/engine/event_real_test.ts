import { assertEquals } from "@std/assert";
import { containerKill } from "../../../../src/runtimes/docker/engine/container_kill.ts";
import { eventStream } from "../../../../src/runtimes/docker/engine/event_stream.ts";
import { requirement } from "../../../testutil/requirement.ts";
import { within } from "../../../testutil/within.ts";
import { RealEngine } from "./real_engine.ts";

const WAIT_MS = 30_000;
const docker = await requirement("docker");

Deno.test({
  name: "eventStream() tells what happens to what is filtered for, past and present",
  ...docker,
  fn: async () => {
    await using engine = await RealEngine.start();
    const { client } = engine;
    const filters = { ...engine.filters, type: ["container"], event: ["create", "start", "die"] };
    using controller = new DisposableAbort();
    const events = await eventStream(client, { filters, signal: controller.signal });
    const container = await engine.container();
    await containerKill(client, container);
    const seen = new Set<string>();
    let first = 0;
    const following = (async () => {
      for await (const event of events) {
        assertEquals(event.Actor.ID, container);
        first ||= event.time;
        // The engine may tell of an event twice.
        if (seen.add(event.Action).size === 3) controller.abort();
      }
    })();
    await within(following, WAIT_MS, "the events to come");
    assertEquals([...seen], ["create", "start", "die"]);

    const past = (await eventStream(client, { filters, since: first - 1 })).getReader();
    const { value } = await within(past.read(), WAIT_MS, "the first event to come again");
    assertEquals(value?.Action, "create");
    await past.cancel();
  },
});

class DisposableAbort extends AbortController implements Disposable {
  [Symbol.dispose](): void {
    this.abort();
  }
}
