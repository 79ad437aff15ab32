import { assertEquals } from "@std/assert";
import { join } from "@std/path";
import type { CommandEnvelope } from "../../src/protocol/execution.ts";
import type { Requirement } from "../testutil/requirement.ts";
import type { ServerProcess } from "../testutil/server_process.ts";
import type { TestSession } from "../testutil/test_session.ts";
import { until } from "../testutil/within.ts";
import { docker } from "./docker_server.ts";

const GONE_MS = 20_000;

/** Python that finds what is ours among the processes: `AGENTS`, their ids; `libc`, to call what Python does not. */
export const FIND_AGENTS = `
import ctypes, os, resource, signal, sys, time
def agents():
    found = []
    for name in os.listdir("/proc"):
        if not name.isdigit(): continue
        try:
            with open(f"/proc/{name}/cmdline", "rb") as file: program = file.read().split(b"\\0")[0]
        except OSError: continue
        if program.startswith(b"/codebeaker/"): found.append(int(name))
    return found
AGENTS = agents()
libc = ctypes.CDLL(None, use_errno=True)
`;

/** The id by which a server marks what it makes on the engine. */
export async function serverId({ dataDir }: Pick<ServerProcess, "dataDir">): Promise<string> {
  return (await Deno.readTextFile(join(dataDir, "server-id"))).trim();
}

/** Ids of all containers with the label of a server. */
export async function containersOf(id: string): Promise<string[]> {
  const filter = `label=codebeaker.server=${id}`;
  return (await docker("ps", "-aq", "--no-trunc", "--filter", filter)).split("\n").filter(Boolean);
}

/** Whether the engine has a container, running or not. */
export async function hasContainer(id: string): Promise<boolean> {
  return await docker("ps", "-aq", "--no-trunc", "--filter", `id=${id}`) !== "";
}

/** Waits until the engine does not have a container any more. */
export async function containerGone(id: string): Promise<void> {
  await until(async () => !await hasContainer(id), GONE_MS, `container ${id} to be removed`);
}

/**
 * Fails after the last test of a file if a server has left a container. Call it before the server is made,
 * as the last hook that is registered is the first to run, and hand it the server in a test.
 */
export function leakCheck({ ignore }: Requirement): (server: ServerProcess) => Promise<void> {
  const ids = new Set<string>();
  if (!ignore) {
    Deno.test.afterAll(async () => {
      for (const id of ids) assertEquals(await containersOf(id), [], `left by server ${id}`);
    });
  }
  return async (server) => void ids.add(await serverId(server));
}

/** What a program of `execute_shell` wrote to its standard output. */
export function stdoutOf({ result }: CommandEnvelope): string {
  return (result as { stdout: string } | null)?.stdout ?? "";
}

/** Runs a shell script with bash, whatever comes of it. */
export function script(
  session: TestSession,
  text: string,
  options: Parameters<TestSession["shell"]>[2] = {},
): Promise<CommandEnvelope> {
  return session.shell("bash", ["-c", text], options);
}

/** Names of the programs that run in a session besides what is ours, without those that are ending. */
export async function programsIn(session: TestSession): Promise<string[]> {
  const code = `import os
for name in os.listdir("/proc"):
    if not name.isdigit() or int(name) == os.getpid(): continue
    try: text = open(f"/proc/{name}/stat").read()
    except OSError: continue
    program, state = text[text.index("(") + 1:text.rindex(")")], text[text.rindex(")") + 2]
    if state not in "ZX": print(program)`;
  const names = (await session.output(code, { language: "python" })).split("\n");
  const ours = ["docker-init", "sleep", "deno"];
  for (const name of ours) if (names.includes(name)) names.splice(names.indexOf(name), 1);
  return names.filter((name) => name !== "").sort();
}
