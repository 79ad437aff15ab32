/**
 * The least a WebSocket server on `Deno.serve` can be: what comes in goes out again. The baseline of
 * the throughput row, run as a process of its own like the server it is compared with.
 */
Deno.serve({
  hostname: "127.0.0.1",
  port: 0,
  onListen: ({ port }) => {
    const line = `Echo listening on ws://127.0.0.1:${port}/\n`;
    Deno.stdout.write(new TextEncoder().encode(line));
  },
}, (request) => {
  const { socket, response } = Deno.upgradeWebSocket(request);
  socket.onmessage = ({ data }) => socket.send(data);
  return response;
});
