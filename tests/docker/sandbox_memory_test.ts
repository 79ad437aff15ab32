import { assertEquals, assertStringIncludes } from "@std/assert";
import type { Language } from "../../src/languages.ts";
import { LANGUAGE_DEFINITIONS } from "../../src/languages.ts";
import { dockerServer, dockerWith } from "./docker_server.ts";
import { FIND_AGENTS, leakCheck, script, stdoutOf } from "./sandbox_attack.ts";

/** Programs that want 800 MB and touch all of it. */
const HOGS: Partial<Record<Language, string>> = {
  python: "x = bytearray(800 << 20)\nfor i in range(0, len(x), 4096): x[i] = 1\nprint(len(x))",
  javascript: `const all = [];
for (let i = 0; i < 80; i++) all.push(Buffer.alloc(10 << 20, 1));
console.log(all.length)`,
  java: `class M { public static void main(String[] a) { byte[][] all = new byte[80][];
for (int i = 0; i < 80; i++) { all[i] = new byte[10 << 20]; java.util.Arrays.fill(all[i], (byte) 1); }
System.out.println(all.length); } }`,
  go: `package main
import "fmt"
func main() { all := make([][]byte, 80)
for i := range all { all[i] = make([]byte, 10 << 20); for j := range all[i] { all[i][j] = 1 } }
fmt.Println(len(all)) }`,
  c: `#include <stdlib.h>
#include <string.h>
int main(void) { for (int i = 0; i < 80; i++) memset(malloc(10 << 20), 1, 10 << 20); return 0; }`,
};

const languages = Object.keys(HOGS) as Language[];
const requirement = await dockerWith(
  ...languages.map((language) => LANGUAGE_DEFINITIONS[language].image),
);
const leaks = leakCheck(requirement);
const server = dockerServer(requirement, { env: { CODEBEAKER_CONTAINER_SPARES: "1" } });

const AGENT_STARTED = `for file in /proc/[0-9]*/cmdline; do
  read -r -d '' program <"$file"
  case $program in /codebeaker/*) s=$(<"\${file%cmdline}stat"); set -- \${s##*) }; echo "\${20}" ;; esac
done`;

for (const [language, code] of Object.entries(HOGS) as [Language, string][]) {
  Deno.test({
    ...requirement,
    name: `800 MB in ${language} are memory_limit in a session of 100 MB, and its agent survives`,
    async fn() {
      await leaks(server.process);
      await server.withSession(async (session) => {
        await session.write("keep.txt", "kept");
        const started = stdoutOf(await script(session, AGENT_STARTED));
        for (let round = 0; round < 2; round++) {
          const answer = await session.code(code, { timeoutMs: 25_000 });
          assertEquals([answer.success, answer.status, answer.limit], [false, "memory_limit", {
            kind: "memory",
            configured: 100 * 2 ** 20,
          }], String(answer.error));
          assertStringIncludes(String(answer.error), "Memory limit of 100 MB exceeded");
          assertEquals(await session.read("keep.txt"), "kept");
          const again = await script(session, AGENT_STARTED);
          assertEquals([again.status, stdoutOf(again)], ["ok", started]);
        }
      }, { language, memoryLimitMB: 100 });
    },
  });
}

Deno.test({
  ...requirement,
  name: "many small processes that want too much memory together are memory_limit",
  async fn() {
    await server.withSession(async (session) => {
      const code = `import os, sys, time
for i in range(40):
    if os.fork() == 0:
        x = bytearray(10 << 20)
        time.sleep(4)
        os._exit(0)
failed = 0
for i in range(40): failed += os.wait()[1] != 0
sys.exit(1 if failed else 0)`;
      const { status } = await session.code(code, { timeoutMs: 25_000 });
      assertEquals(status, "memory_limit");
      assertEquals(await session.output("print(1)"), "1");
    }, { language: "python", memoryLimitMB: 100 });
  },
});

Deno.test({
  ...requirement,
  name: "what is written to memory by way of a file is bounded, and the session goes on",
  async fn() {
    await server.withSession(async (session) => {
      await session.write("keep.txt", "kept");
      for (const directory of ["/tmp", "/dev/shm"]) {
        const fill = `for i in $(seq 1 26); do head -c 10000000 /dev/zero >${directory}/$i; done`;
        const { status } = await script(session, `${fill}; test $(ls ${directory} | wc -l) = 0`);
        assertEquals([directory, status], [directory, "nonzero_exit"]);
        assertEquals(await session.output("print(1)"), "1");
        assertEquals(await session.read("keep.txt"), "kept");
        await script(session, `rm -rf ${directory}/*`);
      }
    }, { language: "python", memoryLimitMB: 160 });
  },
});

Deno.test({
  ...requirement,
  name: "/tmp of a session ends at its size",
  async fn() {
    await server.withSession(async (session) => {
      const answer = await script(session, "cat /dev/zero >/tmp/full; stat -c %s /tmp/full");
      assertEquals([answer.status, stdoutOf(answer)], ["ok", `${256 * 2 ** 20}\n`]);
      assertEquals(await session.output("print(1)"), "1");
    }, { language: "python" });
  },
});

Deno.test({
  ...requirement,
  name: "a file larger than the agent's memory is written and read in a session of 64 MB",
  async fn() {
    await server.withSession(async (session) => {
      const content = "0123456789abcdef".repeat(2 ** 21);
      await session.write("large.txt", content);
      assertEquals(await session.read("large.txt") === content, true);
      assertEquals(await session.output(`${FIND_AGENTS}\nprint(len(AGENTS) > 0)`), "True");
    }, { language: "python", memoryLimitMB: 64 });
  },
});
