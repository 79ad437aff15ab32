import { BenchClient } from "./_client.ts";
import { startServer } from "./_server.ts";

/** What a reader must know of the machine to make sense of the figures; nothing that names it. */
export interface Machine {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly os: string;
  readonly arch: string;
  readonly deno: string;
  /** Version of the server that was measured. */
  readonly codebeaker: string;
  /** The engine of Docker sessions and how it keeps their files; null for sessions without one. */
  readonly engine: string | null;
  /** The layers around the code of a session. */
  readonly isolation: readonly string[];
}

/** Asks the system and a server started for the purpose about sessions of one runtime. */
export async function describeMachine(
  directory: string,
  runtimeName: "deno" | "docker",
  env: Readonly<Record<string, string>> = {},
): Promise<Machine> {
  await using server = await startServer({ directory, env });
  using client = await BenchClient.connect(server.url);
  const { version } = await client.call("initialize", {});
  const { runtimes } = await client.call("runtime.list", {});
  const runtime = runtimes.find(({ name }) => name === runtimeName);
  const { engine, storageDriver } = runtime?.details ?? {};
  return {
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 1024 ** 3),
    os: Deno.build.os,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    codebeaker: version,
    engine: engine === undefined ? null : `Docker Engine ${engine} on ${storageDriver}`,
    isolation: runtime?.isolation ?? [],
  };
}

/** The machine as one sentence. */
export function formatMachine(machine: Machine): string {
  const { cores, memoryGiB, os, arch, deno, codebeaker, engine, isolation } = machine;
  const versions = [
    `Deno ${deno}`,
    `CodeBeaker ${codebeaker}`,
    ...(engine === null ? [] : [engine]),
  ];
  return `${cores} cores, ${memoryGiB} GiB of memory, ${os} ${arch}; ${versions.join(", ")}; ` +
    `isolation of the sessions: ${isolation.join(", ") || "none"}.`;
}
