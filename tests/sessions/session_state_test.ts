import { assertEquals } from "@std/assert";
import { SessionStateSchema } from "../../src/protocol/session.ts";
import { mayBecome } from "../../src/sessions/session_state.ts";

Deno.test("mayBecome() allows the state machine's steps and no others", () => {
  const states = SessionStateSchema.options;
  const steps = states.flatMap((from) =>
    states.filter((to) => mayBecome(from, to)).map((to) => `${from} ${to}`)
  );
  assertEquals(steps, [
    "Creating Active",
    "Creating Closing",
    "Active Idle",
    "Active Closing",
    "Idle Active",
    "Idle Closing",
    "Closing Closed",
  ]);
});
