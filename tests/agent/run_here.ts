import type { AgentLink } from "../../src/agent/agent_link.ts";
import type { AgentExit, AgentProcess, RunProcessOptions } from "../../src/agent/agent_process.ts";

/** What a program was found to do. */
export interface Outcome {
  readonly exit: AgentExit;
  readonly stdout: string;
  readonly stderr: string;
}

const NEVER = new AbortController().signal;

/** The environment of the programs of a test. */
export const ENV = { PATH: "/usr/local/bin:/usr/bin:/bin" };

/** Runs a program through an agent and keeps what it writes. */
export async function runHere(
  link: AgentLink,
  argv: readonly [string, ...string[]],
  options: Partial<AgentProcess & RunProcessOptions> = {},
): Promise<Outcome> {
  const text = { stdout: "", stderr: "" };
  const decoders = { stdout: new TextDecoder(), stderr: new TextDecoder() };
  const exit = await link.run({ cwd: "/", env: ENV, ...options, argv }, {
    signal: NEVER,
    ...options,
    output: (stream, bytes) => text[stream] += decoders[stream].decode(bytes, { stream: true }),
  });
  return { exit, ...text };
}

/** Runs a script of the shell through an agent. */
export async function runShell(
  link: AgentLink,
  script: string,
  options: Partial<AgentProcess & RunProcessOptions> = {},
): Promise<Outcome> {
  return await runHere(link, ["sh", "-c", script], options);
}
