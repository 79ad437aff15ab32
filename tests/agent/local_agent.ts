import { fromFileUrl } from "@std/path";
import type { AgentChannel } from "../../src/agent/agent_channel.ts";
import { AgentLink, type AgentLinkOptions } from "../../src/agent/agent_link.ts";

const MAIN = fromFileUrl(new URL("../../src/agent/inside/main.ts", import.meta.url));

const FLAGS = [
  "run",
  "--allow-all",
  "--no-prompt",
  "--no-config",
  "--no-lock",
  "--no-remote",
  "--no-npm",
  "--no-code-cache",
  "--quiet",
];

/** Where a {@linkcode LocalAgent} runs. */
export interface LocalAgentOptions {
  /**
   * The directory that it sees as `/workspace`, in a bubblewrap sandbox where it is the sole user of
   * everything; without one it runs on this machine, and may end only what it can show to be its own.
   */
  readonly workspace?: string;
}

/** A real agent in a process of this machine, driven through a link. */
export class LocalAgent implements AsyncDisposable {
  /** Drives it. */
  readonly link: AgentLink;
  /** The process that was started: the agent's own, or that of the sandbox around it. */
  readonly pid: number;
  readonly #child: Deno.ChildProcess;

  private constructor(link: AgentLink, child: Deno.ChildProcess) {
    this.link = link;
    this.pid = child.pid;
    this.#child = child;
  }

  /** Starts an agent and waits for it. */
  static async start(
    options: LocalAgentOptions = {},
    linkOptions: AgentLinkOptions = {},
  ): Promise<LocalAgent> {
    const child = startAgent(options);
    try {
      return new LocalAgent(await AgentLink.open(childChannel(child), linkOptions), child);
    } catch (error) {
      await child.status;
      throw error;
    }
  }

  /** How the process ended. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#child.status;
  }

  /** Closes the link and waits until the agent has ended for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.#child.status;
  }
}

/** Starts an agent whose channel nobody reads yet. */
export function startAgent({ workspace }: LocalAgentOptions = {}): Deno.ChildProcess {
  const deno = Deno.execPath();
  const [command = "", ...args] = workspace === undefined
    ? [deno, ...FLAGS, MAIN]
    : ["bwrap", ...sandboxFlags(workspace), deno, ...FLAGS, MAIN, "--sole"];
  return new Deno.Command(command, {
    args,
    env: { DENO_NO_UPDATE_CHECK: "1", HOME: "/nonexistent" },
    stdin: "piped",
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
}

/** A process id namespace of its own and a user that is not root: `--sole` ends everything that it sees. */
function sandboxFlags(workspace: string): string[] {
  return [
    "--unshare-all",
    "--die-with-parent",
    ...["--uid", "65532", "--gid", "65532"],
    ...[...Deno.readDirSync("/")].flatMap(rootEntryFlags),
    ...["--dev", "/dev"],
    ...["--proc", "/proc"],
    ...["--tmpfs", "/tmp"],
    ...["--bind", workspace, "/workspace"],
    ...["--setenv", "DENO_DIR", "/tmp/deno"],
  ];
}

/** The root itself has to be a new one: it may lack `/workspace`. */
function rootEntryFlags({ name, isSymlink }: Deno.DirEntry): string[] {
  const path = `/${name}`;
  if (["proc", "dev", "tmp", "workspace"].includes(name)) return [];
  return isSymlink
    ? ["--symlink", Deno.readLinkSync(path), path]
    : ["--ro-bind-try", path, path];
}

/** The standard streams of a child as a channel. */
export function childChannel(child: Deno.ChildProcess): AgentChannel {
  const reader = child.stdout.getReader();
  const writer = child.stdin.getWriter();
  let disposed = false;
  return {
    async read() {
      const { done, value } = await reader.read();
      return done ? null : value;
    },
    write: (bytes) => writer.write(bytes),
    [Symbol.dispose]() {
      if (disposed) return;
      disposed = true;
      writer.close().catch(() => {});
      // The end of the agent ends the reading; an agent that does not end is killed with the sandbox.
      reader.cancel().catch(() => {});
    },
  };
}
