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
  /** The layers around the code of a Deno session. */
  readonly isolation: readonly string[];
}

/** Asks the system and a server started for the purpose. */
export async function describeMachine(directory: string): Promise<Machine> {
  await using server = await startServer({ directory });
  using client = await BenchClient.connect(server.url);
  const { version } = await client.call("initialize", {});
  const { runtimes } = await client.call("runtime.list", {});
  return {
    cores: navigator.hardwareConcurrency,
    memoryGiB: Math.round(Deno.systemMemoryInfo().total / 1024 ** 3),
    os: Deno.build.os,
    arch: Deno.build.arch,
    deno: Deno.version.deno,
    codebeaker: version,
    isolation: runtimes.find(({ name }) => name === "deno")?.isolation ?? [],
  };
}

/** The machine as one sentence. */
export function formatMachine(machine: Machine): string {
  const { cores, memoryGiB, os, arch, deno, codebeaker, isolation } = machine;
  return `${cores} cores, ${memoryGiB} GiB of memory, ${os} ${arch}; Deno ${deno}, CodeBeaker ` +
    `${codebeaker}; isolation of the sessions: ${isolation.join(", ") || "none"}.`;
}
