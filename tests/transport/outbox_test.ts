import { assertEquals, assertLess } from "@std/assert";
import { Outbox } from "../../src/transport/outbox.ts";

const MIB = 1024 * 1024;

/** A socket that keeps what it is given as waiting until it is told that the network took it. */
class FakeSocket {
  readonly sent: string[] = [];
  bufferedAmount = 0;

  send(text: string): void {
    this.sent.push(text);
    this.bufferedAmount += text.length;
  }
}

function setUp(maxQueueBytes: number) {
  const socket = new FakeSocket();
  let overflows = 0;
  const outbox = new Outbox(socket, { maxQueueBytes, onOverflow: () => void overflows++ });
  return { socket, outbox, overflows: () => overflows };
}

Deno.test("Outbox.send() hands over at once while the socket has room", () => {
  const { socket, outbox } = setUp(8 * MIB);
  outbox.send("a");
  outbox.send("b");
  assertEquals(socket.sent, ["a", "b"]);
  assertEquals(outbox.waitingBytes, 2);
});

Deno.test("Outbox.send() keeps the order when the socket has no room", async () => {
  const { socket, outbox } = setUp(8 * MIB);
  const large = "x".repeat(MIB);
  for (const text of [large, "a", large, "b"]) outbox.send(text);
  assertEquals(socket.sent, [large]);
  assertEquals(outbox.waitingBytes, 2 * MIB + 2);
  const drained = outbox.drained();
  // Room for the next two, of which the second fills it again.
  socket.bufferedAmount = 0;
  while (socket.sent.length < 3) await new Promise((resolve) => setTimeout(resolve, 1));
  outbox.send("c");
  assertEquals(socket.sent, [large, "a", large]);
  socket.bufferedAmount = 0;
  await drained;
  assertEquals(socket.sent, [large, "a", large, "b", "c"]);
});

Deno.test("Outbox.hasRoom tells whether the next message leaves at once", async () => {
  const { socket, outbox } = setUp(8 * MIB);
  assertEquals(outbox.hasRoom, true);
  outbox.send("x".repeat(MIB));
  assertEquals(outbox.hasRoom, false);
  outbox.send("y");
  const drained = outbox.drained();
  socket.bufferedAmount = 0;
  assertEquals(outbox.hasRoom, false);
  await drained;
  assertEquals(outbox.hasRoom, true);
});

Deno.test("Outbox.send() gives up a client that does not read, and keeps nothing for it", () => {
  const { socket, outbox, overflows } = setUp(4 * MIB);
  const text = "x".repeat(100 * 1024);
  let most = 0;
  for (let index = 0; index < 1000; index++) {
    outbox.send(text);
    most = Math.max(most, outbox.waitingBytes);
  }
  assertEquals(overflows(), 1);
  assertLess(most, 4 * MIB + 2 * text.length);
  assertLess(outbox.waitingBytes, MIB + 2 * text.length);
  assertEquals(socket.sent.length, 11);
});

Deno.test("Outbox.send() takes one message that is larger than the limit", () => {
  const { socket, outbox, overflows } = setUp(MIB);
  outbox.send("x".repeat(10 * MIB));
  assertEquals([socket.sent.length, overflows()], [1, 0]);
  outbox.send("y");
  assertEquals(overflows(), 1);
});

Deno.test("Outbox.drained() resolves at once when nothing waits", async () => {
  await setUp(MIB).outbox.drained();
});

Deno.test("Outbox[Symbol.dispose]() drops what waits, and lets nobody wait for it", async () => {
  const { socket, outbox } = setUp(8 * MIB);
  outbox.send("x".repeat(MIB));
  outbox.send("y");
  const drained = outbox.drained();
  outbox[Symbol.dispose]();
  outbox[Symbol.dispose]();
  await drained;
  outbox.send("z");
  socket.bufferedAmount = 0;
  assertEquals([socket.sent.length, outbox.waitingBytes], [1, 0]);
});
