import { join } from "@std/path";
import type { AgentChannel } from "../../src/agent/agent_channel.ts";
import { agentLauncher, LAUNCHER_NAME } from "../../src/agent/agent_launcher.ts";
import { AgentLink, type AgentLinkOptions } from "../../src/agent/agent_link.ts";
import { AGENT_MAIN, agentSources } from "../../src/agent/agent_sources.ts";

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

const ENV = {
  DENO_NO_UPDATE_CHECK: "1",
  DENO_V8_FLAGS: "--max-old-space-size=128,--max-semi-space-size=1,--single-threaded-gc",
  HOME: "/nonexistent",
};

/** Where a {@linkcode LocalAgent} runs. */
export interface LocalAgentOptions {
  /**
   * The directory that it sees as `/workspace`, in a bubblewrap sandbox where it is the sole user of
   * everything; without one it runs on this machine, and may end only what it can show to be its own.
   */
  readonly workspace?: string;
  /** Whether it has its launcher. @default {true} */
  readonly launcher?: boolean;
  /** Where its complaints go. @default {"inherit"} */
  readonly stderr?: "inherit" | "piped";
}

/** A real agent in a process of this machine, driven through a link. */
export class LocalAgent implements AsyncDisposable {
  /** Drives it. */
  readonly link: AgentLink;
  readonly #process: AgentProcess;

  private constructor(link: AgentLink, process: AgentProcess) {
    this.link = link;
    this.#process = process;
  }

  /** Starts an agent and waits for it. */
  static async start(
    options: LocalAgentOptions = {},
    linkOptions: AgentLinkOptions = {},
  ): Promise<LocalAgent> {
    const process = await AgentProcess.start(options);
    try {
      return new LocalAgent(await AgentLink.open(process.channel(), linkOptions), process);
    } catch (error) {
      await process[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** How its process ended, or that of the sandbox around it. */
  get status(): Promise<Deno.CommandStatus> {
    return this.#process.child.status;
  }

  /** Closes the link and waits until the agent has ended for it. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.link[Symbol.asyncDispose]();
    await this.#process[Symbol.asyncDispose]();
  }
}

/** A real agent whose channel nobody reads yet. */
export class AgentProcess implements AsyncDisposable {
  /** The agent, or the sandbox around it. */
  readonly child: Deno.ChildProcess;
  readonly #home: string;

  private constructor(child: Deno.ChildProcess, home: string) {
    this.child = child;
    this.#home = home;
  }

  /** Puts an agent's files into a directory of their own and starts it. */
  static async start(options: LocalAgentOptions = {}): Promise<AgentProcess> {
    const { workspace, launcher = true, stderr = "inherit" } = options;
    const home = await Deno.makeTempDir({ prefix: "codebeaker-agent-" });
    await Deno.chmod(home, 0o755);
    for (const [name, text] of agentSources()) await Deno.writeTextFile(join(home, name), text);
    if (launcher) {
      const program = agentLauncher(Deno.build.arch)!;
      await Deno.writeFile(join(home, LAUNCHER_NAME), program, { mode: 0o755 });
    }
    const agent = [Deno.execPath(), ...FLAGS];
    const [command = "", ...args] = workspace === undefined ? [...agent, join(home, AGENT_MAIN)] : [
      "bwrap",
      ...sandboxFlags(workspace, home),
      ...agent,
      `/codebeaker/${AGENT_MAIN}`,
      "--sole",
    ];
    const child = new Deno.Command(command, {
      args,
      env: ENV,
      stdin: "piped",
      stdout: "piped",
      stderr,
    }).spawn();
    return new AgentProcess(child, home);
  }

  /** Its standard streams as a channel. */
  channel(): AgentChannel {
    return childChannel(this.child);
  }

  /** Waits until it has ended, which it does at the end of its standard input, and removes its files. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.child.status;
    await Deno.remove(this.#home, { recursive: true });
  }
}

/** A process id namespace of its own and a user that is not root: `--sole` ends everything that it sees. */
function sandboxFlags(workspace: string, home: string): string[] {
  return [
    "--unshare-all",
    "--die-with-parent",
    ...["--uid", "65532", "--gid", "65532"],
    ...[...Deno.readDirSync("/")].flatMap(rootEntryFlags),
    ...["--dev", "/dev"],
    ...["--proc", "/proc"],
    ...["--tmpfs", "/tmp"],
    ...["--bind", workspace, "/workspace"],
    ...["--ro-bind", home, "/codebeaker"],
    ...["--setenv", "DENO_DIR", "/tmp/deno"],
  ];
}

const NOT_BOUND = ["proc", "dev", "tmp", "var", "run", "workspace", "codebeaker"];

/** The root itself has to be a new one: it may lack `/workspace`. */
function rootEntryFlags({ name, isSymlink }: Deno.DirEntry): string[] {
  const path = `/${name}`;
  // What comes and goes below /var and /run, such as the mounts of an engine, cannot be bound.
  if (NOT_BOUND.includes(name)) return [];
  return isSymlink ? ["--symlink", Deno.readLinkSync(path), path] : ["--ro-bind-try", path, path];
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
