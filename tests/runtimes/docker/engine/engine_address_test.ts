import { assertEquals, assertThrows } from "@std/assert";
import {
  formatEngineAddress,
  parseEngineAddress,
} from "../../../../src/runtimes/docker/engine/engine_address.ts";

Deno.test("parseEngineAddress() reads what DOCKER_HOST may have", () => {
  const socket = { transport: "unix", path: "/var/run/docker.sock" } as const;
  assertEquals(parseEngineAddress(""), socket);
  assertEquals(parseEngineAddress(" unix:///var/run/docker.sock "), socket);
  assertEquals(parseEngineAddress("unix:///run/user/1000/docker.sock", { certPath: "/certs" }), {
    transport: "unix",
    path: "/run/user/1000/docker.sock",
  });
  const tcp = (hostname: string, port: number) => ({ transport: "tcp", hostname, port } as const);
  assertEquals(parseEngineAddress("tcp://127.0.0.1:2375"), tcp("127.0.0.1", 2375));
  assertEquals(parseEngineAddress("tcp://build-host"), tcp("build-host", 2375));
  assertEquals(parseEngineAddress("tcp://[::1]:99/"), tcp("::1", 99));
  assertEquals(parseEngineAddress("http://engine"), tcp("engine", 80));
});

Deno.test("parseEngineAddress() means TLS where there are certificates or https", () => {
  const certPath = "/certs";
  const tls = { transport: "tls", hostname: "engine", port: 2376 } as const;
  assertEquals(parseEngineAddress("tcp://engine:2376", { certPath }), { ...tls, certPath });
  assertEquals(parseEngineAddress("tcp://engine", { certPath }), { ...tls, certPath });
  assertEquals(parseEngineAddress("https://engine:2376", { certPath }), { ...tls, certPath });
  assertEquals(parseEngineAddress("https://engine:2376"), tls);
  assertEquals(parseEngineAddress("https://engine"), { ...tls, port: 443 });
  assertEquals(parseEngineAddress("tcp://engine:2376", { certPath: "" }).transport, "tcp");
});

Deno.test("parseEngineAddress() says what it expects of anything else", () => {
  for (
    const text of [
      "/var/run/docker.sock",
      "unix:/var/run/docker.sock",
      "unix://relative.sock",
      "unix://",
      "tcp://",
      "tcp://:2375",
      "tcp://host:0",
      "tcp://host:65536",
      "tcp://host:port",
      "tcp://user@host:1",
      "tcp://host:1/path",
      "tcp://::1:2375",
      "TCP://host:1",
      "ftp://host",
    ]
  ) {
    const { message } = assertThrows(
      () => parseEngineAddress(text),
      RangeError,
      "expected unix://",
    );
    assertEquals(
      message.startsWith(`Cannot use "${text}" as the address of a Docker engine`),
      true,
    );
  }
});

Deno.test("parseEngineAddress() says that a way is not supported", () => {
  for (const text of ["ssh://me@host", "npipe:////./pipe/docker_engine", "fd://"]) {
    const scheme = text.split(":")[0];
    assertThrows(() => parseEngineAddress(text), RangeError, `${scheme}:// is not supported`);
  }
});

Deno.test("formatEngineAddress() writes what parseEngineAddress() reads", () => {
  for (
    const text of ["unix:///a/b.sock", "tcp://host:2375", "tcp://[::1]:1", "https://host:2376"]
  ) {
    assertEquals(formatEngineAddress(parseEngineAddress(text)), text);
  }
});
