// The worker of the kernel: reads the requests, and ends code that does not come back. See request_worker.ts.

/** How long the main thread may take to answer before what it runs is ended. */
const ANSWER_MS = 100;

const { setTimeout, clearTimeout, WebSocket, Atomics } = globalThis;
const { parse, stringify } = JSON;
let socket;
let shared;
let places;
let timer;
let nextId = 0;

self.onmessage = ({ data }) => {
  if (data.type === "shared") {
    ({ shared, places } = data);
    return;
  }
  if (socket !== undefined) return;
  socket = new WebSocket(data.url);
  socket.onopen = () => {
    Deno.permissions.revokeSync({ name: "net", host: "127.0.0.1" });
    self.postMessage({ type: "inspecting" });
  };
  socket.onerror = () => self.postMessage({ type: "inspecting" });
  socket.onmessage = ({ data }) => {
    if (parse(data).id === nextId) settle();
  };
};

function settle() {
  Atomics.store(shared, places.ending, 0);
  self.postMessage({ type: "settled" });
}

function interrupt(message) {
  clearTimeout(timer);
  // What ends code waits for some that runs; the message gives it that.
  const isEnding = Atomics.load(shared, places.ending) === 1;
  if (Atomics.load(shared, places.ended) >= message.id && !isEnding) return;
  self.postMessage(message);
  timer = setTimeout(() => {
    // Whoever ends the cell says so first and looks then whether something is on its way that ends code.
    if (socket?.readyState === 1 && Atomics.load(shared, places.ending) === 0) {
      Atomics.store(shared, places.ending, 1);
      if (Atomics.load(shared, places.ended) >= message.id) return settle();
      socket.send(stringify({ id: ++nextId, method: "Runtime.terminateExecution" }));
    }
    interrupt(message);
  }, ANSWER_MS);
}

const decoder = new TextDecoder();
const bytes = new Uint8Array(65536);
let parts = [];
for (;;) {
  const count = await Deno.stdin.read(bytes);
  if (count === null) break;
  let text = decoder.decode(bytes.subarray(0, count), { stream: true });
  for (let end; (end = text.indexOf("\n")) >= 0; text = text.slice(end + 1)) {
    parts.push(text.slice(0, end));
    const message = parse(parts.join(""));
    if (message.type === "interrupt") interrupt(message);
    else self.postMessage(message);
    parts = [];
  }
  parts.push(text);
}
self.postMessage({ type: "bye" });
