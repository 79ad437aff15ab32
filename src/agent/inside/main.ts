/**
 * The agent: runs inside a sandbox, reads requests from its standard input and answers on its standard
 * output. `--sole` says that every other process of its user may be ended, which holds in a container.
 */
import { Agent } from "./agent.ts";
import { FrameOutput } from "./frame_output.ts";
import { findLauncher } from "./launcher.ts";
import { forbidInspection } from "./libc.ts";

const READ_BYTES = 64 * 1024;

/** What a program may send to every process of its user without meaning the agent. */
const IGNORED_SIGNALS: readonly Deno.Signal[] = [
  "SIGTERM",
  "SIGINT",
  "SIGHUP",
  "SIGQUIT",
  "SIGUSR1",
  "SIGUSR2",
  "SIGALRM",
  // The kernel's word for a file that may not become larger: the write fails as well, and says so.
  "SIGXFSZ",
];

function complain(error: unknown): void {
  const text = error instanceof Error ? error.stack ?? error.message : String(error);
  try {
    Deno.stderr.writeSync(new TextEncoder().encode(`${text}\n`));
  } catch {
    // Nobody listens any more.
  }
}

/** Does what the server asks for until it is gone. */
async function serve(): Promise<never> {
  const sole = Deno.args.includes("--sole") && Deno.uid() !== 0;
  const output = new FrameOutput(Deno.stdout, () => leave(0));
  const agent = new Agent(output, {
    sole,
    shielded: forbidInspection(),
    launcher: await findLauncher(new URL("launch", import.meta.url).pathname),
    leave: () => void leave(0),
  });

  async function leave(code: number): Promise<never> {
    await agent.shutDown();
    Deno.exit(code);
  }

  try {
    agent.begin();
    const buffer = new Uint8Array(READ_BYTES);
    for (;;) {
      const count = await Deno.stdin.read(buffer);
      if (count === null) break;
      agent.receive(buffer.subarray(0, count));
    }
    agent.end();
    return await leave(0);
  } catch (error) {
    complain(error);
    return await leave(1);
  }
}

for (const signal of IGNORED_SIGNALS) Deno.addSignalListener(signal, () => {});
globalThis.addEventListener("unhandledrejection", (event) => {
  event.preventDefault();
  complain(event.reason);
});
await serve();
