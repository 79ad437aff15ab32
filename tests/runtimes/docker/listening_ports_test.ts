import { assertEquals } from "@std/assert";
import { listensOn } from "../../../src/runtimes/docker/listening_ports.ts";

const TABLE =
  `  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  timeout inode
   0: 0100007F:1F90 00000000:0000 0A 00000000:00000000 00:00000000 00000000  1000        0 1456 1 0000
   1: 0100007F:1F91 0100007F:1F90 01 00000000:00000000 00:00000000 00000000  1000        0 1457 1 0000
  sl  local_address                         remote_address                        st tx_queue rx_queue
  10: 00000000000000000000000000000000:0050 00000000000000000000000000000000:0000 0A 00000000:00000000
`;

Deno.test("listensOn() finds sockets that listen, of both versions of IP", () => {
  const ports = [8080, 8081, 80, 1, 65_535];
  assertEquals(ports.filter((port) => listensOn(TABLE, port)), [8080, 80]);
  assertEquals(listensOn("", 80), false);
});
