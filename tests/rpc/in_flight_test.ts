import { assertEquals } from "@std/assert";
import { InFlight } from "../../src/rpc/in_flight.ts";
import { MemoryPeer } from "./memory_peer.ts";

Deno.test("InFlight.enter() bounds the requests of each peer", () => {
  const inFlight = new InFlight({ maxInFlight: 2 });
  const [one, other] = [new MemoryPeer(), new MemoryPeer()];
  assertEquals([inFlight.enter(one, 1, 5), inFlight.enter(one, 1, 5)], [true, true]);
  assertEquals(inFlight.enter(one, 1, 5), false);
  assertEquals(inFlight.enter(other, 1, 5), true);
  inFlight.leave(one, 1, 5);
  assertEquals(inFlight.enter(one, 1, 5), true);
});

Deno.test("InFlight.enter() bounds the characters, but takes one message of any size", () => {
  const inFlight = new InFlight({ maxInFlightChars: 100 });
  const peer = new MemoryPeer();
  assertEquals(inFlight.enter(peer, 1, 1000), true);
  assertEquals(inFlight.enter(peer, 1, 1), false);
  inFlight.leave(peer, 1, 1000);
  assertEquals([inFlight.enter(peer, 1, 60), inFlight.enter(peer, 1, 60)], [true, false]);
});
